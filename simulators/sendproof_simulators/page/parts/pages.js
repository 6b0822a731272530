// Lists that the API returns page by page, newest first. They stay live while they are read.

import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { useLive } from "../live.js";

const PAGE = 100;
// Maximum number of items in one response.
const MOST = 1_000;
// Pages without an item that matches, after which a load gives up.
const MOST_EMPTY = 100;

/**
 * Follow a list with a cursor. `fetchPage({limit, before})` returns `{items, next, total}`; items have a number `n`.
 *
 * When one of `parts` changes, the newest items are read again. While older ones are in view, the list stays as it is
 * and only those in view are read again: `isBehind` says that newer ones may be there. Give `onRange` to the list, so
 * that it is known what is in view. Returns `{items, total, hasMore, error, loading, loadMore, onRange,
 * isBehind}`.
 */
export function usePages(fetchPage, parts, deps) {
  const kept = useMemo(() => ({ items: [], next: null, total: null, busy: false, view: 0, isBehind: false, turn: 0 }), deps);
  const [, redraw] = useState(0);
  const { data, error, reload } = useLive(async () => {
    if (kept.view > 0 && kept.items[kept.view]) {
      kept.isBehind = true;
      replaceKnown(kept, await fetchPage({ limit: PAGE, before: kept.items[kept.view].n + 1 }));
    } else await readNewest(kept, fetchPage);
    // A new object each time, so that the list is drawn again.
    return { ...kept };
  }, parts, deps);

  const loadMore = async () => {
    if (!kept.next || kept.busy) return;
    kept.busy = true;
    const { turn } = kept;
    try {
      // Longer and longer pages: a jump to the end of a long list needs few of them.
      const page = await fetchPage({ limit: Math.min(MOST, 2 * kept.items.length), before: kept.next });
      if (turn !== kept.turn) return;
      kept.items = [...kept.items, ...page.items];
      kept.next = page.next;
      redraw((tick) => tick + 1);
    } finally {
      kept.busy = false;
    }
  };
  const onRange = (first) => {
    kept.view = first;
    if (first === 0 && kept.isBehind) {
      kept.isBehind = false;
      reload();
    }
  };
  const { items, total, isBehind } = kept;
  return { items, total, hasMore: Boolean(kept.next), error, loading: !data && !error, loadMore, onRange, isBehind };
}

/** A button to the newest items, shown over a list that is behind. */
export function Newer({ pages }) {
  const top = (event) => { event.target.parentElement.querySelector(".virtual-list").scrollTop = 0; };
  return pages.isBehind && html`<button type="button" class="newer" onClick=${top}>Newer lines above</button>`;
}

/** Read the newest items. If they do not reach the known ones, the list begins anew: a gap would be hidden. */
async function readNewest(kept, fetchPage) {
  const { items, next, total } = await firstPage(fetchPage);
  const newest = kept.items[0]?.n;
  const isJoined = newest !== undefined && reaches(items, newest);
  const oldest = items.at(-1)?.n;
  const older = isJoined ? kept.items.filter((item) => item.n < oldest) : [];
  if (!older.length) {
    kept.turn += 1;
    kept.next = next;
  }
  kept.items = [...items, ...older];
  kept.total = total;
}

const reaches = (items, n) => items.length > 0 && items.at(-1).n <= n;

/** Return the first page that has items: with a filter, pages before it may be empty. */
async function firstPage(fetchPage) {
  let page = await fetchPage({limit: PAGE});
  for (let turn = 0; turn < MOST_EMPTY && !page.items.length && page.next; turn += 1) {
    page = await fetchPage({limit: MOST, before: page.next});
  }
  return page;
}

/** Show the new state of items that are known. */
function replaceKnown(kept, {items}) {
  const changed = new Map(items.map(item => [item.n, item]));
  kept.items = kept.items.map(item => changed.get(item.n) ?? item);
}
