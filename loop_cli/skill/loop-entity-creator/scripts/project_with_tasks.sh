#!/usr/bin/env bash
# A project with three tasks, in one run of the log; then a change with the revision that was
# read, a conflict, and what to do about it: rebase where nothing overlaps, report otherwise.
#
#   project_with_tasks.sh NAME OWNER
#
# Needs loop and jq, and a vault that loop finds (LOOP_VAULT).
set -euo pipefail

name=${1:?give the name of the project}
owner=${2:?give its owner}

# update ENTITY ETAG CHANGE...: change it, if it is as it was read. Where it has changed since,
# but in other fields, the change goes on top. Otherwise it is reported, and the code is 4.
update() {
  local entity=$1 seen=$2 answer code
  shift 2
  answer=$(loop update "$entity" "$@" --if-match "$seen" --json 2>&1) && code=0 || code=$?
  if [ "$code" -eq 4 ] && ! jq -e 'any(.fields[]; .overlap)' >/dev/null <<<"$answer"; then
    echo "$entity has changed since, in other fields: the change goes on top" >&2
    answer=$(loop update "$entity" "$@" --if-match "$seen" --on-conflict=rebase --json 2>&1) &&
      code=0 || code=$?
  fi
  if [ "$code" -eq 4 ]; then
    jq -r '.entity_id as $id | .fields[] | select(.overlap)
      | "\($id): \(.field) was \(.base), is \(.current) now, and \(.requested) was wanted"' \
      <<<"$answer" >&2
  elif [ "$code" -ne 0 ]; then
    printf '%s\n' "$answer" >&2
  fi
  return "$code"
}

# -- one run: the project and its tasks ---------------------------------------------------
LOOP_RUN_ID=$(python3 -c 'import uuid; print(uuid.uuid4())')
export LOOP_RUN_ID
project=$(loop create Project --name "$name" "owner=$owner" parent_id=trk-1 conditions_3y=cond-a \
  'expected_impact:={"statement": "첫 판이 쓰인다", "metric": "쓰는 사람", "target": "10"}' \
  --json | jq -r .entity_id)
tasks=()
for what in "설계" "구현" "확인"; do
  tasks+=("$(loop create Task --name "$name - $what" "project_id=$project" "assignee=$owner" \
    --json | jq -r .entity_id)")
done
unset LOOP_RUN_ID
echo "made $project with ${tasks[*]}"

# -- read, then change with what was read -------------------------------------------------
task=${tasks[0]}
seen=$(loop get "$task" --field etag)
update "$task" "$seen" 'status=doing'
echo "$task is being done"

# -- the same revision again: it has changed meanwhile, in another field -------------------
update "$task" "$seen" 'priority=high'
echo "$task has a high priority"

# -- and once more, in the same field: somebody has to decide ------------------------------
if update "$task" "$seen" 'status=hold'; then
  echo "$task is on hold"
else
  echo "$task was left as it is"
fi
