/** A byte order mark is a character of a name, too. */
const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of some bytes; undefined where they are not UTF-8: no text of Node stands for them. */
export function utf8Of(bytes: Uint8Array): string | undefined {
  try {
    return STRICT.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The same for people, where each byte that is no part of a character is `\xFF` in its own digits. */
export function visible(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const character = firstCharacter(bytes.subarray(at, at + 4));
    text += character ?? `\\x${(bytes[at] ?? 0).toString(16).toUpperCase().padStart(2, '0')}`;
    at += character === undefined ? 1 : Buffer.byteLength(character);
  }
  return text;
}

/** No beginning of a character is one itself. */
function firstCharacter(bytes: Uint8Array): string | undefined {
  for (let length = 1; length <= bytes.length; length++) {
    const character = utf8Of(bytes.subarray(0, length));
    if (character !== undefined) return character;
  }
  return undefined;
}
