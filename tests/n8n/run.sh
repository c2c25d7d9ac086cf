#!/usr/bin/env bash
# Run the workflows of 'loop n8n export' in each real n8n that tests/n8n/install.sh has put into the
# cache, against a real 'loop serve', while an editor causes conflicts. Exit 77: not run, and why.
#
#   run.sh PYTHON
set -euo pipefail
python=$(realpath -s "${1:?name the Python with loop and its extras}")
cd "$(dirname "$0")/../.."
cache=${LOOP_TESTS_CACHE:-$HOME/.cache/loop-tests}
ran=0
for line in 1.123 2; do
  if [ ! -e "$cache/n8n-$line/done" ]; then
    echo "n8n $line: not run: it is not in $cache (tests/n8n/install.sh $line puts it there)" >&2
    continue
  fi
  echo "n8n $line:"
  "$python" -m tests.n8n.program "$cache/n8n-$line"
  ran=1
done
[ "$ran" -eq 1 ] || exit 77
