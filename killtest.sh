#!/bin/bash
# kill -9 each process of the chain in turn
R=/tmp/namespace-sandboxes-1001
procs() { ps -u dev -o pid,ppid,args --no-headers | grep -E 'start.sh|unshare |namespace-sandboxes|sleep 987|cli.cjs' | grep -v grep | cut -c1-130; }
for which in node sh unshare pid1 first; do
  echo "=== kill -9 $which"
  (cd /home/dev/atk-ws; exec /tmp/atk/u run rw -- sleep 987 </dev/null >/tmp/atk/kill.out 2>&1) & L=$!
  (cd /home/dev/atk-ws; true)
  for i in $(seq 40); do pgrep -u dev -x sleep >/dev/null && break; sleep 0.1; done
  procs
  node=$(pgrep -u dev -f 'cli.cjs run' | head -1); sh=$(pgrep -u dev -f 'start.sh run' | head -1); un=$(pgrep -u dev -x unshare | head -1); p1=$(pgrep -u dev -f '^namespace-sandboxes:' | head -1); fi=$(pgrep -u dev -x sleep | head -1)
  case $which in node) k=$node;; sh) k=$sh;; unshare) k=$un;; pid1) k=$p1;; first) k=$fi;; esac
  echo "node=$node sh=$sh unshare=$un pid1=$p1 first=$fi -> kill $k"; kill -9 $k; sleep 1.5; echo "left after 1.5 s:"; procs; ls $R | grep -v '^\.' ; ls -A /home/dev/atk-ws
  wait $L 2>/dev/null; echo "status $?"; cat /tmp/atk/kill.out
done
