import * as v from 'valibot';
import type { Wiring } from '../model/wiring.ts';

/** The contract between the window and the picture of the networks, which is a web page (Webview of VS Code). */

/** What the picture is sent. */
export interface ToPicture {
  readonly wiring: Wiring;
  /** Above the picture, where it is not live. */
  readonly note: string | undefined;
  /** The inode of a network to select. */
  readonly select: number | undefined;
}

/** An exported picture, in characters: a large machine in base64. */
const MAX_PICTURE = 50_000_000;

const inode = v.pipe(v.number(), v.integer(), v.minValue(1));

/** What the picture says, checked where it arrives. */
export const FROM_PICTURE = v.variant('do', [
  v.strictObject({ do: v.literal('ready') }),
  v.strictObject({ do: v.literal('terminal'), network: inode }),
  v.strictObject({ do: v.literal('compare'), network: inode }),
  /** Without an interface, it is asked for. */
  v.strictObject({ do: v.literal('capture'), network: inode, link: v.optional(v.pipe(v.string(), v.maxLength(15))) }),
  v.strictObject({ do: v.literal('reach') }),
  v.strictObject({
    do: v.literal('export'),
    /** An SVG document, or a PNG in base64. */
    kind: v.picklist(['svg', 'png']),
    content: v.pipe(v.string(), v.maxLength(MAX_PICTURE)),
  }),
  v.strictObject({ do: v.literal('failed'), reason: v.pipe(v.string(), v.maxLength(1000)) }),
]);
export type FromPicture = v.InferOutput<typeof FROM_PICTURE>;
