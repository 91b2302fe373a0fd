"""The parts of a document put in by the server: one Painless script, whose text never changes.

Everything else is a parameter, so Elasticsearch compiles it once. It is sent along with every item, since to store one
needs a right over the whole cluster that who writes into an index seldom has.
"""

from __future__ import annotations

import json
import re

from ingest.sinks.contract import Request
from ingest.sinks.elasticsearch.options import PARTS_FIELD
from ingest.sinks.elasticsearch.parts.payload import GONE_MAX, lines_of

RETRIES_ON_CONFLICT = 5
"""How often the server begins an update again when the document changed meanwhile; then we do, later."""

_PAINLESS = """
int order(String a, String b) {
  return a.length() != b.length() ? a.length() - b.length() : a.compareTo(b);
}
List sorted(Map live) {
  List keys = new ArrayList(live.keySet());
  keys.sort((a, b) -> order((String) a, (String) b));
  return keys;
}
Map unpack(Map live, List array) {
  List keys = sorted(live);
  int there = array == null ? 0 : array.size();
  if (there != keys.size()) {
    throw new IllegalStateException("the array has " + there + " parts, its versions are " + keys.size());
  }
  Map parts = new HashMap();
  for (int i = 0; i < there; i++) { parts.put(keys.get(i), array.get(i)); }
  return parts;
}
void prune(Map source, int most) {
  Map gone = source.gone;
  while (gone.size() > most) {
    String oldest = null;
    for (String key : gone.keySet()) {
      if (oldest == null || ((Number) gone.get(key)).longValue() < ((Number) gone.get(oldest)).longValue()) {
        oldest = key;
      }
    }
    long version = ((Number) gone.remove(oldest)).longValue();
    if (version > ((Number) source.floor).longValue()) { source.floor = version; }
  }
}
boolean apply(Map doc, Map sources, Map said, int most) {
  Map source = sources.get(said.part);
  if (source == null) { source = ['live': new HashMap(), 'gone': new HashMap(), 'floor': 0L]; }
  Map live = source.live;
  Map gone = source.gone;
  Map parts = null;
  Map origin = source.origin;
  if (origin == null) { origin = new HashMap(); }
  boolean changed = false;
  for (List change : said.changes) {
    String key = change.get(0);
    def known = live.containsKey(key) ? live.get(key) : gone.containsKey(key) ? gone.get(key) : source.floor;
    if (((Number) change.get(1)).longValue() <= ((Number) known).longValue()) { continue; }
    if (said.many && parts == null) { parts = unpack(live, (List) doc.get(said.into)); }
    changed = true;
    def part = change.get(2);
    origin.remove(key);
    if (part == null) {
      live.remove(key);
      gone.put(key, change.get(1));
      if (said.many) { parts.remove(key); }
      else if (said.into != null) { doc.remove(said.into); }
      else { for (def field : said.fields) { doc.remove(field); } }
    } else {
      gone.remove(key);
      live.put(key, change.get(1));
      if (change.size() > 3) { origin.put(key, change.get(3)); }
      if (said.many) { parts.put(key, part); }
      else if (said.into != null) { doc.put(said.into, part); }
      else { doc.putAll(part); }
    }
  }
  if (!changed) { return false; }
  if (parts != null) {
    if (live.isEmpty()) { doc.remove(said.into); }
    else {
      List array = new ArrayList();
      for (def key : sorted(live)) { array.add(parts.get(key)); }
      doc.put(said.into, array);
    }
  }
  prune(source, most);
  if (origin.isEmpty()) { source.remove('origin'); } else { source.put('origin', origin); }
  sources.put(said.part, source);
  return true;
}
Map doc = ctx._source;
Map state = doc.get(params.field);
Map sources = state == null ? new HashMap() : state.sources;
boolean changed = false;
for (Map said : params.sources) { changed = apply(doc, sources, said, (int) params.gone_max) || changed; }
boolean live = false;
for (Map source : sources.values()) { live = live || !source.live.isEmpty(); }
if (!changed) { ctx.op = 'none'; }
else if (!live && params.delete_empty) { ctx.op = ctx.op == 'create' ? 'none' : 'delete'; }
else { doc.put(params.field, ['live': live, 'sources': sources]); }
"""

_TOKENS = re.compile(r"""("[^"]*"|'[^']*')|\s*([{}()\[\];,=<>+?:&|!-])\s*|\s+""")

SCRIPT = _TOKENS.sub(lambda token: token[1] or token[2] or " ", _PAINLESS).strip()
"""Without the spaces that only people need."""

_HEAD = f'{{"scripted_upsert":true,"upsert":{{}},"script":{{"lang":"painless","source":{json.dumps(SCRIPT)},"params":'
_START = f'{_HEAD}{{"field":"{PARTS_FIELD}","gone_max":{GONE_MAX},'.encode()
_RETRY = f',"retry_on_conflict":{RETRIES_ON_CONFLICT}}}}}\n'.encode()

SCRIPT_BYTES = len(_START) + len(_RETRY)
"""What an item's lines have beside its payload."""


def scripted_body(request: Request[bytes]) -> bytes:
    """The ``_bulk`` body of a request about parts."""
    body = []
    for item in request.items:
        action, changes = lines_of(item.payload)
        body += [b'{"update":', action[:-1], _RETRY, _START, changes[1:], b"}}\n"]
    return b"".join(body)
