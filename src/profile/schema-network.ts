import * as v from 'valibot';
import { parsePort } from './ports.ts';
import { choice, key, keyed, shaped } from './schema-parts.ts';

const PORT = 'a port from 1 to 65535';
const port = v.pipe(v.number(PORT), v.integer(PORT), v.minValue(1, PORT), v.maxValue(65_535, PORT));

const PUBLISH = 'a port such as 8080, or "8080:80", "127.0.0.1:8080:80" or "5353:53/udp" with ports from 1 to 65535';
const published = v.union(
  [
    port,
    v.pipe(
      shaped(/^(?:[0-9.]+:|\[[0-9A-Fa-f:]+\]:)?\d{1,5}:\d{1,5}(?:\/(?:tcp|udp))?$/, PUBLISH),
      v.check((value) => parsePort(value) !== undefined, PUBLISH),
    ),
  ],
  PUBLISH,
);

/** The keys that name ports: in `network`, and in `networks` of a profile. */
export const portKeys = {
  publish: key(
    v.array(published, `a list, each ${PUBLISH}`),
    'Ports of this machine that lead inside, as HOST:INSIDE; on its loopback unless an address is given.',
  ),
  hostPorts: key(
    v.array(port, 'a list of ports'),
    "TCP ports of this machine's loopback that can be reached inside on 127.0.0.1.",
  ),
};

const mode = choice(
  {
    none: 'Only its own loopback.',
    host: "The machine's own network: nothing is kept apart, not its loopback services and abstract sockets either.",
    internet: 'An own network with a way out, but none to this machine, its gateway or a metadata address.',
  },
  'none',
);

/** A mode, or a mode with ports. */
export const network = v.union(
  [
    mode,
    keyed({
      mode: v.pipe(mode, v.description('Network inside.')),
      ...portKeys,
    }),
  ],
  '"none", "host", "internet", or { "mode", "publish", "hostPorts" }',
);
