// Lists that the API returns page by page, newest first. They stay live while they are read.

import { useMemo, useState } from "../vendor/htm-preact.js";
import { useLive } from "../live.js";

const PAGE = 100;
const MOST = 1_000;
const MOST_EMPTY = 100;

/**
 * Follow a list with a cursor. `fetchPage({limit, before})` returns `{items, next, total}`; items have a number `n`.
 *
 * When one of `parts` changes, the newest items are read again: new ones appear and known ones show their new state.
 * Returns `{items, total, error, loading, loadMore}`.
 */
export function usePages(fetchPage, parts, deps) {
  const kept = useMemo(() => ({items: [], next: null, total: null, busy: false}), deps);
  const [, redraw] = useState(0);
  const {data, error} = useLive(async () => {
    const limit = Math.min(MOST, Math.max(PAGE, kept.items.length));
    mergeNewest(kept, await firstPage(fetchPage, limit));
    // A new object each time, so that the list is drawn again.
    return {...kept};
  }, parts, deps);

  const loadMore = async () => {
    if (!kept.next || kept.busy) return;
    kept.busy = true;
    try {
      const page = await fetchPage({limit: 2 * PAGE, before: kept.next});
      kept.items = [...kept.items, ...page.items];
      kept.next = page.next;
      redraw(tick => tick + 1);
    } finally {
      kept.busy = false;
    }
  };
  return {items: kept.items, total: kept.total, error, loading: !data && !error, loadMore};
}

/** Return the first page that has items: with a filter, pages before it may be empty. */
async function firstPage(fetchPage, limit) {
  let page = await fetchPage({limit});
  for (let turn = 0; turn < MOST_EMPTY && !page.items.length && page.next; turn += 1) page = await fetchPage({limit, before: page.next});
  return page;
}

/** Replace the newest items. Older ones stay if the new page reaches them; otherwise a gap would be hidden. */
function mergeNewest(kept, page) {
  const oldest = page.items.at(-1)?.n;
  const isComplete = !page.next || oldest === undefined;
  const older = isComplete ? [] : kept.items.filter(item => item.n < oldest);
  const reaches = kept.items.length > 0 && oldest !== undefined && kept.items[0].n >= oldest;
  kept.items = reaches ? [...page.items, ...older] : page.items;
  kept.next = reaches && older.length ? kept.next : page.next;
  kept.total = page.total;
}
