const STEP = 1.25;
const READABLE = 0.6;
const [SMALLEST, LARGEST] = [0.1, 4];

/** How large a picture is drawn in a frame that scrolls. */
export class Zoom {
  readonly #frame: HTMLElement;
  #picture: SVGSVGElement | undefined;
  #scale = 1;
  /** Below this nobody can read it, so that it is not made smaller unasked. */
  #least = READABLE;
  /** Whether it is to stay as large as the frame allows. */
  #fits = true;

  constructor(frame: HTMLElement) {
    this.#frame = frame;
    new ResizeObserver(() => this.#apply()).observe(frame);
    frame.addEventListener('wheel', (event) => this.#turned(event), { passive: false });
    frame.addEventListener('pointerdown', (event) => this.#drag(event));
  }

  show(picture: SVGSVGElement): void {
    this.#picture = picture;
    this.#apply();
  }

  closer(): void {
    this.#to(this.#scale * STEP);
  }

  farther(): void {
    this.#to(this.#scale / STEP);
  }

  /** All of it, however small it is then. */
  fit(): void {
    this.#least = SMALLEST;
    this.#fits = true;
    this.#apply();
  }

  #to(scale: number): void {
    this.#fits = false;
    this.#scale = Math.min(LARGEST, Math.max(SMALLEST, scale));
    this.#apply();
  }

  #apply(): void {
    const box = this.#picture?.viewBox.baseVal;
    if (!box || !this.#picture) return;
    const { clientWidth, clientHeight } = this.#frame;
    // never larger than life: a single box would fill the window
    if (this.#fits)
      this.#scale = Math.max(this.#least, Math.min(1, clientWidth / box.width, clientHeight / box.height));
    this.#picture.setAttribute('width', String(box.width * this.#scale));
    this.#picture.setAttribute('height', String(box.height * this.#scale));
  }

  #turned(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    if (event.deltaY < 0) this.closer();
    else this.farther();
  }

  #drag(event: PointerEvent): void {
    if (event.button !== 0 || (event.target as Element).closest('.box')) return;
    const [x, y] = [event.clientX + this.#frame.scrollLeft, event.clientY + this.#frame.scrollTop];
    const move = ({ clientX, clientY }: PointerEvent): void => this.#frame.scrollTo(x - clientX, y - clientY);
    const end = (): void => this.#frame.removeEventListener('pointermove', move);
    this.#frame.addEventListener('pointermove', move);
    window.addEventListener('pointerup', end, { once: true });
  }
}
