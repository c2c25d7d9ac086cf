"""What a user writes first: python-frontmatter, a walk, an id, a field (see `peers.py`)."""

import json
import sys
from pathlib import Path

import frontmatter

vault, verb, wanted, *rest = sys.argv[1:]  # get ID | set ID STATUS | set - STATUS | list STATUS
ids = set(sys.stdin.read().split()) if wanted == "-" else {wanted}
for path in Path(vault).rglob("*.md"):
    post = frontmatter.load(str(path))
    if verb == "list" and post.get("status") == wanted:
        print(json.dumps(post.metadata, default=str, ensure_ascii=False))
    elif verb != "list" and post.get("entity_id") in ids:
        if verb == "set":
            post["status"] = rest[0]
            frontmatter.dump(post, str(path))
        else:
            print(json.dumps({**post.metadata, "body": post.content}, default=str))
        ids.remove(post["entity_id"])
        if not ids:
            break
