#!/usr/bin/env bash
# The conformance suite of MCP, from npm, against /mcp of a real 'loop serve'.
#
#   conformance.sh PYTHON
#
# The suite is kept in a cache (LOOP_TESTS_CACHE, else ~/.cache/loop-tests). It needs Node.js 22 or
# later; where an older one is installed, that of npm's registry is used. Exit 77: not run, and why.
set -euo pipefail
python=$(realpath -s "${1:?name the Python with loop and its extras}")
cd "$(dirname "$0")/../.."
suite=0.1.16
node=24
cache=${LOOP_TESTS_CACHE:-$HOME/.cache/loop-tests}/conformance-$suite

skip() { echo "conformance of MCP: not run: $*" >&2; exit 77; }

command -v npm >/dev/null || skip "npm is not installed"
"$python" -c 'import mcp, fastapi, uvicorn' 2>/dev/null || skip "the extras mcp and serve are not installed"
if [ ! -e "$cache/done" ]; then
  mkdir -p "$cache"
  echo '{"private": true}' >"$cache/package.json"
  case "$(uname -m)" in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; *) skip "no Node.js for $(uname -m)" ;; esac
  npm install --prefix "$cache" --no-audit --no-fund --loglevel=error --ignore-scripts \
    "@modelcontextprotocol/conformance@$suite" "node-linux-$arch@$node" >&2 ||
    skip "npm could not install the suite"
  touch "$cache/done"
fi
PATH=$(echo "$cache"/node_modules/node-linux-*/bin):$PATH

work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
server=
export HOME="$work" XDG_CONFIG_HOME="$work/config" XDG_CACHE_HOME="$work/cache"
"$python" -m tests.mcp.conformed "$work" >"$work/address" 2>"$work/log" &
server=$!
for _try in $(seq 300); do
  [ -s "$work/address" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
  sleep 0.1
done
repository=$PWD
cd "$work"
node "$cache/node_modules/@modelcontextprotocol/conformance/dist/index.js" server \
  --url "$(cat "$work/address")" --suite all \
  --expected-failures "$repository/tests/mcp/expected-failures.yml" >"$work/said" 2>&1 &&
  code=0 || code=$?
sed -n '/=== SUMMARY ===/,$p' "$work/said"
[ "$code" -eq 0 ] || { tail -n 40 "$work/said"; cat "$work/log"; exit "$code"; }
