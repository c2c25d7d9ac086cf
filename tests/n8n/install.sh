#!/usr/bin/env bash
# Install a real n8n from npm into a cache, for tests/n8n/run.sh. It is large: some 2 GB.
#
#   install.sh [1.123|2]
#
# The cache is LOOP_TESTS_CACHE, else ~/.cache/loop-tests. n8n 1.123 runs on Node.js 20, n8n 2 on a
# Node.js of npm's own registry. Its dependency xlsx is not on npm; the last one that is takes its
# place, and no workflow here reads a spreadsheet.
set -euo pipefail
line=${1:-1.123}
case "$line" in
  1.123) version=1.123.81 more=() ;;
  2) version=2.39.10 more=("node-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')@24") ;;
  *) echo "which n8n? 1.123 or 2" >&2; exit 2 ;;
esac
cache=${LOOP_TESTS_CACHE:-$HOME/.cache/loop-tests}/n8n-$line
mkdir -p "$cache"
cd "$cache"
rm -f done
echo '{"private": true, "overrides": {"xlsx": "0.18.5"}}' >package.json
# Scripts of packages would download what npm does not have. Only sqlite3 needs one.
npm install --ignore-scripts --no-audit --no-fund --loglevel=error "n8n@$version" "${more[@]}"
export npm_config_build_from_source=true npm_config_nodedir
npm_config_nodedir=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
npm rebuild sqlite3
touch done
echo "n8n $version is in $cache"
