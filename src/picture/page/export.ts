/** The variables of the theme that the style sheet of the picture uses, as they are now. */
function themeOf(styles: string): string {
  const computed = getComputedStyle(document.documentElement);
  const names = new Set([...styles.matchAll(/var\((--[\w-]+)/g)].map(([, name = '']) => name));
  return [...names].map((name) => `${name}: ${computed.getPropertyValue(name).trim() || 'initial'};`).join(' ');
}

/** The picture as a document of its own: with its style, and the colours of the theme. */
export function asSvg(picture: SVGSVGElement, styles: string): string {
  const copy = picture.cloneNode(true) as SVGSVGElement;
  const { width, height } = picture.viewBox.baseVal;
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  const style = document.createElementNS('http://www.w3.org/2000/svg', 'style');
  style.textContent = `svg { ${themeOf(styles)} background: var(--vscode-editor-background); } ${styles}`;
  copy.prepend(style);
  for (const selected of copy.querySelectorAll('.selected')) selected.classList.remove('selected');
  return new XMLSerializer().serializeToString(copy);
}

/** Twice as large as it is drawn, for screens of many dots; but not beyond what a canvas holds. */
const SCALE = 2;
const MOST_PIXELS = 8192;

/** The same as a PNG, in base64. @throws Error where the picture cannot be drawn. */
export async function asPng(picture: SVGSVGElement, styles: string): Promise<string> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(asSvg(picture, styles))}`;
  await image.decode();
  const { width, height } = picture.viewBox.baseVal;
  const scale = Math.min(SCALE, MOST_PIXELS / Math.max(width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.ceil(width * scale);
  canvas.height = Math.ceil(height * scale);
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/png').replace(/^[^,]*,/, '');
}
