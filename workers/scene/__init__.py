"""Diagrams as shapes: read from canvas and tldraw documents, drawn as SVG, told as text."""
