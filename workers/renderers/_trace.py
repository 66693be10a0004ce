"""A page that the browser has set, as SVG: every line of text where it stands, grounds, rules and pictures as shapes.

The reader needs neither a browser nor HTML inside SVG: text stays text that can be searched, selected and edited.
"""

from __future__ import annotations

TRACE = r"""() => {
  const root = document.documentElement;
  const [wide, high] = [root.clientWidth, Math.ceil(root.getBoundingClientRect().height)];
  const SVG = 'http://www.w3.org/2000/svg';
  const out = document.createElementNS(SVG, 'svg');
  const round = (number) => String(Math.round(number * 100) / 100);
  const add = (name, given, into = out) => {
    const made = into.appendChild(document.createElementNS(SVG, name));
    for (const [key, value] of Object.entries(given)) {
      made.setAttribute(key, typeof value === 'number' ? round(value) : value);
    }
    return made;
  };
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const above = {};
  const ascent = (style) => {
    const font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    if (!(font in above)) {
      pen.font = font;
      const size = pen.measureText('x');
      above[font] = size.fontBoundingBoxAscent / (size.fontBoundingBoxAscent + size.fontBoundingBoxDescent);
    }
    return above[font];
  };
  const seen = (colour) => colour !== 'transparent' && !/^rgba\(.*, 0\)$/.test(colour);
  const plain = (colour) => {  // what the stylesheet mixed is no colour that a drawing program knows
    if (/^(rgb|#)/.test(colour)) return colour;
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
    return `rgba(${red}, ${green}, ${blue}, ${round(alpha / 255)})`;
  };
  const hidden = (style) => style.display === 'none' || style.visibility !== 'visible' || style.opacity === '0';

  const boxes = (element, style) => {
    const sides = ['Top', 'Right', 'Bottom', 'Left'].map((side) => {
      const width = style[`border${side}Style`] === 'none' ? 0 : parseFloat(style[`border${side}Width`]);
      const colour = plain(style[`border${side}Color`]);
      return { width: seen(colour) ? width : 0, colour, dashed: style[`border${side}Style`] === 'dashed' };
    });
    const same = sides.every((side) => JSON.stringify(side) === JSON.stringify(sides[0]));
    const radius = parseFloat(style.borderTopLeftRadius) || 0;
    const shows = seen(style.backgroundColor) || sides.some((side) => side.width);
    for (const box of shows ? element.getClientRects() : []) {
      if (!box.width || !box.height) continue;
      const [side] = sides;
      const inset = same ? side.width / 2 : 0;
      const ground = {
        x: box.left + inset, y: box.top + inset, width: box.width - 2 * inset, height: box.height - 2 * inset,
        rx: Math.max(0, radius - inset), fill: seen(style.backgroundColor) ? plain(style.backgroundColor) : 'none',
      };
      if (same && side.width) {
        const dashes = side.dashed ? { 'stroke-dasharray': `${round(3 * side.width)}` } : {};
        add('rect', { ...ground, stroke: side.colour, 'stroke-width': side.width, ...dashes });
        continue;
      }
      if (ground.fill !== 'none') add('rect', ground);
      const [top, right, bottom, left] = sides.map((one) => one.width);
      const places = [
        [box.left, box.top, box.width, top], [box.right - right, box.top, right, box.height],
        [box.left, box.bottom - bottom, box.width, bottom], [box.left, box.top, left, box.height],
      ];
      for (const [index, [x, y, width, height]] of places.entries()) {
        if (sides[index].width) add('rect', { x, y, width, height, fill: sides[index].colour });
      }
    }
  };

  const range = document.createRange();
  const fragments = (node) => {
    range.selectNodeContents(node);
    const whole = range.getClientRects();
    const text = node.data;
    const rtl = getComputedStyle(node.parentElement).direction === 'rtl';
    if (whole.length === 1) return [{ text, left: whole[0].left, right: whole[0].right, box: whole[0], rtl }];
    const found = [];
    let last = null;
    let place = 0;
    for (const letter of text) {
      range.setStart(node, place);
      range.setEnd(node, place += letter.length);
      const box = [...range.getClientRects()].pop();
      if (!box || !box.width) {
        if (last && !/\s/.test(letter)) last.text += letter;
        continue;
      }
      const line = last && Math.abs(box.top - last.box.top) < 2;
      const onwards = line && Math.abs(box.left - last.right) < 1 && !last.back;
      const backwards = line && Math.abs(box.right - last.left) < 1 && (last.back || last.text.length === 1);
      if (onwards || backwards) {
        last.text += letter;
        last.back = backwards;
        last.left = Math.min(last.left, box.left);
        last.right = Math.max(last.right, box.right);
      } else {
        found.push(last = { text: letter, left: box.left, right: box.right, box, back: false });
      }
    }
    for (const one of found) one.rtl = one.back;
    return found;
  };
  const fonts = (style) => ({
    'font-family': style.fontFamily.replaceAll('"', "'"), 'font-size': style.fontSize,
    ...(style.fontWeight === '400' ? {} : { 'font-weight': style.fontWeight }),
    ...(style.fontStyle === 'normal' ? {} : { 'font-style': style.fontStyle }),
    ...(style.letterSpacing === 'normal' ? {} : { 'letter-spacing': style.letterSpacing }),
    fill: plain(style.color),
  });
  const write = (node, style, into, lines) => {
    for (const one of fragments(node)) {
      const text = style.whiteSpace.startsWith('pre') ? one.text.replaceAll('\t', ' ') : one.text.replace(/\s+/g, ' ');
      if (!text.trim()) continue;
      const shown = style.textTransform === 'uppercase' ? text.toUpperCase() : text;
      const given = {
        x: one.rtl ? one.right : one.left, y: one.box.top + one.box.height * ascent(style), ...fonts(style),
        ...(lines.size ? { 'text-decoration': [...lines].join(' ') } : {}),
        ...(one.rtl ? { direction: 'rtl', 'unicode-bidi': 'embed' } : {}),
      };
      const made = add('text', given, into);
      if ([...shown.trim()].length > 1) {
        made.setAttribute('textLength', round(one.right - one.left));
        made.setAttribute('lengthAdjust', 'spacingAndGlyphs');
      }
      made.setAttribute('xml:space', 'preserve');
      made.textContent = shown;
    }
  };

  const counted = new Map();
  const mark = (item, style) => {
    if (style.listStyleType === 'none' || style.display !== 'list-item') return;
    const list = item.parentElement;
    const step = list.reversed ? -1 : 1;
    const first = list.start ?? 1;
    const number = item.hasAttribute('value') ? item.value : counted.has(list) ? counted.get(list) + step : first;
    counted.set(list, number);
    const marker = getComputedStyle(item, '::marker');
    const box = item.getClientRects()[0];
    if (!box) return;
    const texts = document.createTreeWalker(item, NodeFilter.SHOW_TEXT);
    while (texts.nextNode() && !texts.currentNode.data.trim());
    range.selectNodeContents(texts.currentNode);
    const line = [...range.getClientRects()].find((one) => one.height) ?? box;
    const size = parseFloat(style.fontSize);
    const middle = line.top + Math.min(line.height, size * 1.4) / 2 + size * 0.06;
    const rtl = style.direction === 'rtl';
    const near = rtl ? box.right : box.left;
    const away = rtl ? 1 : -1;
    const [kind, colour] = [style.listStyleType, plain(marker.color)];
    const letter = (index) =>
      (index < 26 ? '' : letter(Math.floor(index / 26) - 1)) + String.fromCharCode(97 + index % 26);
    if (['disc', 'circle'].includes(kind)) {
      const look = kind === 'disc' ? { fill: colour } : { fill: 'none', stroke: colour };
      add('circle', { cx: near + away * size * 0.75, cy: middle, r: size * 0.17, ...look });
    } else if (kind === 'square') {
      add('rect', { x: near + away * size * 0.75 - size * 0.16, y: middle - size * 0.16, width: size * 0.32,
        height: size * 0.32, fill: colour });
    } else {
      const told = /alpha|latin/.test(kind) && number > 0 ? letter(number - 1) : String(number);
      const y = line.top + line.height * ascent(style);
      const made = add('text', { ...fonts(style), x: near + away * size * 0.28, y, fill: colour,
        'text-anchor': 'end', ...(rtl ? { direction: 'rtl' } : {}) });
      made.textContent = `${/upper/.test(kind) ? told.toUpperCase() : told}.`;
    }
  };

  const walk = (element, into, lines) => {
    const style = getComputedStyle(element);
    if (hidden(style)) return;
    boxes(element, style);
    const drawn = style.textDecorationLine.split(' ').filter((line) => line !== 'none');
    lines = new Set([...lines, ...drawn]);
    if (element.matches('img')) {
      const box = element.getBoundingClientRect();
      const given = { x: box.left, y: box.top, width: box.width, height: box.height, preserveAspectRatio: 'none' };
      if (element.naturalWidth) add('image', { ...given, href: element.currentSrc }, into);
      return;
    }
    if (element.matches('input')) {
      const box = element.getBoundingClientRect();
      const points = [[0.2, 0.53], [0.4, 0.73], [0.8, 0.28]];
      const spot = ([x, y]) => `${round(box.left + x * box.width)},${round(box.top + y * box.height)}`;
      const tick = { fill: 'none', stroke: 'white', 'stroke-width': box.width * 0.13, 'stroke-linecap': 'round' };
      if (element.checked) add('polyline', { points: points.map(spot).join(' '), ...tick });
      return;
    }
    if (element.matches('li')) mark(element, style);
    const leads = element.matches('a[href]') && /^(https?|mailto):/.test(element.href);
    if (leads) into = add('a', { href: element.href }, into);
    for (const child of element.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) write(child, style, into, lines);
      if (child.nodeType === Node.ELEMENT_NODE) walk(child, into, lines);
    }
  };

  const ground = getComputedStyle(root).backgroundColor;
  if (seen(ground)) add('rect', { width: wide, height: high, fill: plain(ground) });
  walk(document.body, out, new Set());
  for (const [key, value] of Object.entries({ width: wide, height: high, viewBox: `0 0 ${wide} ${high}` })) {
    out.setAttribute(key, value);
  }
  return new XMLSerializer().serializeToString(out);
}"""
"""A function for the page, without arguments: the drawing as text. What it is given was clean; it is cleaned again."""
