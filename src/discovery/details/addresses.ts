/** Addresses of /proc/net are 32-bit words in the byte order of the machine, which is little endian on x64 and arm64. */

/** `0100007F` is 127.0.0.1; 32 digits are an IPv6 address. */
export function addressOf(hex: string): string {
  return hex.length === 8 ? ipv4Of(hex) : ipv6Of(Buffer.from(hex, 'hex').swap32());
}

export function ipv4Of(hex: string): string {
  return [...Buffer.from(hex, 'hex')].reverse().join('.');
}

/** The short form of RFC 5952, from bytes in network order. */
export function ipv6Of(bytes: Buffer): string {
  if (bytes.subarray(0, 12).equals(MAPPED)) return `::ffff:${bytes.subarray(12).join('.')}`;
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** Before an IPv4 address that an IPv6 socket serves. */
const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');
