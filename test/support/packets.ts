import { shellWord } from '../../src/sandbox/script/quote.ts';

/** What python3 needs to write packets on a wire as nobody's socket would, and to read all that is on it. */
const PACKETS = `import re, socket, struct, subprocess, time
def total(b):
    s = sum(struct.unpack('!%dH' % (len(b) // 2), b + b'\\0' * (len(b) % 2)))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff
def raw(a): return socket.inet_pton(socket.AF_INET6 if ':' in a else socket.AF_INET, a)
def packet(src, dst, kind, body, hops=64):
    if ':' in src: return struct.pack('!IHBB', 6 << 28, len(body), kind, hops) + raw(src) + raw(dst) + body
    head = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(body), 1, 0, hops, kind, 0) + raw(src) + raw(dst)
    return head[:10] + struct.pack('!H', total(head)) + head[12:] + body
def summed(src, dst, kind, body, at):
    all = raw(src) + raw(dst) + struct.pack('!IHBB', len(body), 0, 0, kind) + body
    return body[:at] + struct.pack('!H', total(all + b'\\0' * (len(all) % 2))) + body[at + 2:]
def tcp(src, dst, sport, dport, seq, ack, flags, data=b''):
    return packet(src, dst, 6, summed(src, dst, 6, struct.pack('!HHIIBBHHH', sport, dport, seq, ack, 0x50, flags, 64000, 0, 0) + data, 16))
def udp(src, dst, sport, dport, data, hops=64):
    return packet(src, dst, 17, summed(src, dst, 17, struct.pack('!HHHH', sport, dport, 8 + len(data), 0) + data, 6), hops)
def hardware(address, device):
    s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)
    while 1:
        try: s.sendto(b'x', (address, 9))
        except OSError: pass
        time.sleep(.1)
        found = re.search('lladdr (.*?) ', subprocess.run(['ip', 'neigh', 'show', address, 'dev', device], capture_output=True, text=True).stdout)
        if found: return bytes.fromhex(found[1].replace(':', ''))
class Wire:
    def __init__(self, device):
        self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); self.s.bind((device, 0))
    def send(self, to, p):
        self.s.send(to + self.s.getsockname()[4] + (b'\\x86\\xdd' if p[0] >> 4 == 6 else b'\\x08\\0') + p)
    def read(self, seconds):
        end = time.time() + seconds
        while time.time() < end:
            self.s.settimeout(max(.01, end - time.time()))
            try: yield self.s.recv(2000)
            except OSError: return
`;

/** A command line of sh that runs lines of python3 with these. */
export function packets(lines: string): string {
  return ['exec', '/usr/bin/python3', '-c', PACKETS + lines].map(shellWord).join(' ');
}
