import { shellWord } from '../../src/sandbox/script/quote.ts';

/** What python3 runs inside: asks one server and prints what it answers, or the name of the error. */
const ASK = `import errno, socket, sys
kind, address, port, device = (sys.argv[1:] + [''])[:4]
family = socket.AF_INET6 if ':' in address else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM if kind == 'udp' else socket.SOCK_STREAM)
s.settimeout(3)
try:
    if device: s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    s.connect((address, int(port))); s.send(b'hello'); print(s.recv(99).decode().strip())
except OSError as e: print(errno.errorcode.get(e.errno, 'timeout'))`;

/** A command line of sh that asks a server. `device` binds the socket to one, whatever the routes say. */
export function ask(kind: 'tcp' | 'udp', address: string, port = 7000, device = ''): string {
  return ['/usr/bin/python3', '-c', ASK, kind, address, `${port}`, device].map(shellWord).join(' ');
}

/** A command line that answers one connection to a port with `inside`, and ends. */
export function answerOnce(port: number, address = '127.0.0.1'): string {
  const python = `import socket
s = socket.socket(socket.AF_INET6 if ':' in '${address}' else socket.AF_INET); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('${address}', ${port})); s.listen(); s.settimeout(15)
print('answering', flush=True)
c, _ = s.accept(); c.recv(99); c.send(b'inside'); c.close()`;
  return ['/usr/bin/python3', '-c', python].map(shellWord).join(' ');
}
