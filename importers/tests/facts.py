#!/usr/bin/env python3
"""Works out what is in files of other systems, for the tests to compare with: python3 facts.py DIRECTORY... > facts.json

It shares no code with the crate. Of each conversation it prints its messages as
[id, id of the parent, type, date, digest of all text and reasoning, ids of calls, ids of results];
an id that the source does not give is null.
"""

import hashlib
import json
import pathlib
import sys
from collections import Counter
from datetime import datetime, timezone


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def date(value):
    """In UTC and to the millisecond, cut rather than rounded; None where the source has none, or one that is cut off."""
    if value is None:
        return None
    if isinstance(value, (int, float)):
        microseconds = int(value * 1000) * 1000
        moment = datetime.fromtimestamp(microseconds // 1_000_000, timezone.utc)
        moment = moment.replace(microsecond=microseconds % 1_000_000)
    else:
        try:
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        moment = moment.astimezone(timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def path_to(head, parents):
    path = []
    while head is not None:
        path.append(head)
        head = parents[head]
    return path[::-1]


def facts(identifier, title, rows, head, tokens=(0, 0), unknown=None, **more):
    """Rows have a name of their own in front, by which parents and the head are named; `outside` has parents that are not in the source."""
    shown = {row[0]: row[1] for row in rows}
    parents = {row[0]: row[2] for row in rows}
    outside = more.pop("outside", {})
    return {
        "id": identifier,
        "title": title,
        "path": [shown[name] for name in path_to(head, parents)],
        "tokens": list(tokens),
        "unknown": dict(sorted((unknown or Counter()).items())),
        "messages": [[row[1], shown.get(row[2], outside.get(row[0]))] + row[3:] for row in rows],
        **more,
    }


# Claude Code

KNOWN = {"text", "thinking", "tool_use", "tool_result", "image"}


def claude_code(text):
    lines = []
    invalid = 0
    for raw in text.split("\n"):
        if not raw.strip():
            continue
        try:
            line = json.loads(raw)
        except ValueError:
            line = None
        if not isinstance(line, dict) or "type" not in line:
            invalid += 1
            continue
        lines.append((raw, line))

    titles, sessions, seen = {}, {}, set()
    for raw, line in lines:
        kind = line["type"]
        message = line.get("message")
        if kind == "summary" and message is None:
            titles[line["leafUuid"]] = line["summary"]
            continue
        if kind in ("user", "assistant", "summary"):
            content = message.get("content") if isinstance(message, dict) else None
            if not isinstance(content, (str, list)):
                invalid += 1
                continue
        name = line.get("uuid") or raw
        if kind == "file-history-snapshot" or name in seen:
            continue
        seen.add(name)
        session = line.get("sessionId", "")
        key = session
        if line.get("isSidechain"):
            key = (session, line.get("agentId") or name)
        sessions.setdefault(key, []).append((name, line))

    found = []
    for key, members in sessions.items():
        found.append(claude_code_conversation(key, members, titles, seen))
    return {"invalid": invalid, "conversations": [c for c in found if c["messages"]]}


def claude_code_conversation(key, members, titles, every_name):
    rows, visible, unknown = [], {}, Counter()
    usage, usage_alone, outside = {}, [], {}
    named, previous, title = False, None, None
    for name, line in members:
        parent = line.get("parentUuid")
        named = named or parent is not None
        is_prompt = line["type"] == "user" and not line.get("isMeta")
        blocks = []
        if line["type"] in ("user", "assistant", "summary") and not line.get("isMeta"):
            content = line["message"]["content"]
            blocks = [content] if isinstance(content, str) else content
        blocks = [{"type": "text", "text": b} if isinstance(b, str) else b for b in blocks]
        results = [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]
        is_prompt = is_prompt and len(results) < len(blocks)
        if parent is not None:
            before = visible.get(parent, previous)
            if before is None and parent not in every_name:
                outside[name] = parent
        elif named and is_prompt:
            before = None
        else:
            before = previous
        if not blocks:
            visible[name] = before
            continue
        for block in blocks:
            if block["type"] not in KNOWN:
                unknown[block["type"]] += 1
        role = {"summary": "system", "assistant": "assistant"}.get(line["type"], "user")
        if role == "user" and len(results) == len(blocks):
            role = "tool"
        texts = [b.get("text") or b.get("thinking") for b in blocks if b["type"] in ("text", "thinking")]
        calls = [b["id"] for b in blocks if b["type"] == "tool_use"]
        shown = line.get("uuid")
        rows.append([name, shown, before, role, date(line.get("timestamp")), digest("\n".join(texts)), calls, results])
        visible[name] = previous = name
        if role == "user" and title is None and texts and not texts[0].startswith(("<command-", "<local-command-")):
            title = " ".join(texts[0].split())[:200]
        used = line["message"].get("usage")
        if used and line["message"].get("id"):
            usage[line["message"]["id"]] = used
        elif used:
            usage_alone.append(used)
    every = list(usage.values()) + usage_alone
    count = lambda *names: sum(u.get(name, 0) for u in every for name in names)
    tokens = count("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"), count("output_tokens")
    for name, _ in members:
        title = titles.get(name, title)
    identifier = key if isinstance(key, str) else "-".join(key)
    identifier = identifier if not isinstance(key, tuple) or len(identifier) <= 128 else None
    return facts(identifier, title, rows, previous, tokens, unknown, outside=outside)


# claude.ai


def claude_ai(text):
    source = json.loads(text)
    found = []
    for conversation in source if isinstance(source, list) else [source]:
        rows, unknown, previous = [], Counter(), None
        names = {"documents": [], "files": []}
        for message in conversation["chat_messages"]:
            blocks = message["content"]
            texts = [b["text"] for b in blocks if b["type"] == "text"]
            if not texts and message["text"]:
                texts = [message["text"]]
            for block in blocks:
                if block["type"] not in KNOWN:
                    unknown[block["type"]] += 1
            role = {"human": "user", "assistant": "assistant"}.get(message["sender"], "system")
            rows.append([message["uuid"], message["uuid"], previous, role, date(message["created_at"]),
                         digest("\n".join(texts)), [], []])
            previous = message["uuid"]
            attached = [a["file_name"] for a in message["attachments"]]
            names["documents"] += attached
            names["files"] += [f["file_name"] for f in message["files"] if f["file_name"] not in attached]
        found.append(facts(conversation["uuid"], conversation["name"], rows, previous, unknown=unknown, **names))
    return {"conversations": found}


# ChatGPT: what these files have of it


def chatgpt(text):
    source = json.loads(text)
    found = []
    for conversation in source if isinstance(source, list) else [source]:
        rows, visible, unknown = [], {}, Counter()
        waiting = dict(conversation["mapping"])
        while waiting:
            name = next(n for n, node in waiting.items() if node["parent"] not in waiting)
            node = waiting.pop(name)
            message = node["message"]
            before = visible.get(node["parent"])
            role = message["author"]["role"]
            if role == "system":
                visible[name] = before
                continue
            kind = message["content"]["content_type"]
            if kind != "text":
                unknown[kind] += 1
            is_call = role == "assistant" and message["recipient"] != "all"
            texts = [] if is_call else message["content"]["parts"]
            calls = [name] if is_call else []
            rows.append([name, name, before, role, date(message["create_time"]), digest("\n".join(texts)), calls, []])
            visible[name] = name
        found.append(facts(conversation["id"], conversation.get("title"), rows,
                           visible[conversation["current_node"]], unknown=unknown))
    return {"conversations": found}


READERS = {"claude-code": claude_code, "claude-ai": claude_ai, "chatgpt": chatgpt}

if __name__ == "__main__":
    every = {}
    for directory in sys.argv[1:]:
        for path in sorted(pathlib.Path(directory).glob("*.json*")):
            for kind, read in READERS.items():
                if path.name.startswith(kind):
                    every[path.name] = read(path.read_text())
    lines = ["  %s: %s" % (json.dumps(name), json.dumps(every[name])) for name in sorted(every)]
    print("{\n" + ",\n".join(lines) + "\n}")
