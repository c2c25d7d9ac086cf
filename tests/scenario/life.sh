#!/usr/bin/env bash
# The whole life of a project, by nothing but the command line and jq. LOOP_VAULT is a sample vault.
set -euo pipefail

expect() { # expect CODE COMMAND...: the command must end with that exit code
  local code=0
  "${@:2}" || code=$?
  [ "$code" = "$1" ] || { echo "exit $code, not $1: ${*:2}" >&2; exit 1; }
}
same() { [ "$1" = "$2" ] || { echo "'$1' is not '$2' ($3)" >&2; exit 1; }; }

LOOP_RUN_ID=$(python3 -c 'import uuid; print(uuid.uuid4())')
export LOOP_RUN_ID
project=$(loop create Project --name '새 안내서' 'owner=개발팀' 'parent_id=trk-1' \
  'conditions_3y=cond-a' 'expected_impact:={"metric": "문의 수"}' --json | jq -r .entity_id)
tasks=()
for name in '차례 쓰기' '그림 그리기' '검토'; do
  tasks+=("$(loop create Task --name "$name" "project_id=$project" 'assignee=개발팀' --json | jq -r .entity_id)")
done
made=$LOOP_RUN_ID
unset LOOP_RUN_ID
same "$(loop log --run "$made" --json | jq -s 'map(.action) | unique | join(",")' -r)" create "one run made all"
same "$(loop list --project "$project" --ids | wc -l | tr -d ' ')" 3 "three tasks"

# The right revision lands, the same again is a conflict that says who and what.
seen=$(loop get "${tasks[0]}" --json | jq -r .updated_at)
loop update "${tasks[0]}" 'status=doing' --expected-updated-at "$seen" --json |
  jq -e '.changed and .fields.status == "doing"' >/dev/null
expect 4 loop update "${tasks[0]}" 'status=hold' --expected-updated-at "$seen" --json 2>conflict.json
jq -e '.code == "conflict" and .retryable and (.fields[] | select(.field == "status") | .overlap)' conflict.json >/dev/null
loop update "${tasks[0]}" 'due=2026-02-01' --expected-updated-at "$seen" --on-conflict=rebase >/dev/null

# Close all in one run, and take that back.
closing=$(loop update --where "project_id=$project" 'status=done' 'closed=2026-02-02' --yes --json |
  jq -s -r 'map(.run_id) | unique | .[]')
same "$(loop list --project "$project" --where 'status=done' --ids | wc -l | tr -d ' ')" 3 "all closed"
loop undo "$closing" --yes >/dev/null
same "$(loop list --project "$project" --where 'status=done' --ids | wc -l | tr -d ' ')" 0 "none closed"
same "$(loop get "${tasks[0]}" --field status)" doing "as it was"

# What a line does by hand, a file of lines does for all.
loop list --project "$project" --json |
  jq -c '{id: .entity_id, add: {tags: ["안내서"]}, if_match: .etag}' | loop apply - |
  jq -s -e 'length == 3 and all(.changed)' >/dev/null

loop check "$project" "${tasks[@]}" >/dev/null
expect 6 loop delete "$project" --force >/dev/null 2>&1
before=$(loop get "${tasks[2]}" --field etag)
loop delete "${tasks[2]}" --if-match "$before" >/dev/null
expect 3 loop get "${tasks[2]}" >/dev/null 2>&1
loop undo "${tasks[2]}" --yes >/dev/null
same "$(loop get "${tasks[2]}" --field etag)" "$before" "byte for byte"
loop delete "$project" --cascade --archive --force >/dev/null
same "$(loop list --project "$project" --ids | wc -l | tr -d ' ')" 0 "archived"

loop audit verify >/dev/null
loop log --json | jq -s -r '[.[] | .source] | unique | join(",")' | grep -qx cli
loop log --json --limit 0 | jq -s -r 'map(.action) | unique | join(" ")'
