// What Longshore asks of Excalidraw, as one script: a scene as SVG with the fonts it needs inside, or as pixels.
// build.py puts two lines before it: where the fonts lie, and that there are no workers to cut them in.
import { exportToBlob, exportToSvg } from "@excalidraw/excalidraw";

const kept = new Map();
const load = globalThis.fetch.bind(globalThis);

// A font is asked for again in every drawing; it is fetched once.
globalThis.fetch = async (address, options) => {
  const name = String(address);
  if (!kept.has(name)) {
    const answer = await load(address, options);
    if (!answer.ok) return answer;
    kept.set(name, await answer.arrayBuffer());
  }
  return new Response(kept.get(name).slice(0));
};

globalThis.Excalidraw = { exportToBlob, exportToSvg };
