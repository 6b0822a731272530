// Lists that the API returns page by page, newest first. They stay live while they are read.

import { useMemo, useState } from "../vendor/htm-preact.js";
import { useLive } from "../live.js";

const PAGE = 100;
// Maximum number of items in one response.
const MOST = 1_000;
// Pages without an item that matches, and pages of new items, after which a load gives up.
const MOST_EMPTY = 100;
const MOST_NEW = 10;

/**
 * Follow a list with a cursor. `fetchPage({limit, before})` returns `{items, next, total}`; items have a number `n`.
 *
 * When one of `parts` changes, the newest items and those in view are read again: new ones appear, and known ones show
 * their new state. Give `onRange` to the list, so that it is known what is in view.
 * Returns `{items, total, hasMore, error, loading, loadMore, onRange}`.
 */
export function usePages(fetchPage, parts, deps) {
  const kept = useMemo(() => ({items: [], next: null, total: null, busy: false, view: 0}), deps);
  const [, redraw] = useState(0);
  const {data, error} = useLive(async () => {
    await readNewest(kept, fetchPage);
    if (kept.view >= PAGE && kept.items[kept.view]) replaceKnown(kept, await fetchPage({limit: PAGE, before: kept.items[kept.view].n + 1}));
    // A new object each time, so that the list is drawn again.
    return {...kept};
  }, parts, deps);

  const loadMore = async () => {
    if (!kept.next || kept.busy) return;
    kept.busy = true;
    try {
      // Longer and longer pages: a jump to the end of a long list needs few of them.
      const page = await fetchPage({limit: Math.min(MOST, 2 * kept.items.length), before: kept.next});
      kept.items = [...kept.items, ...page.items];
      kept.next = page.next;
      redraw(tick => tick + 1);
    } finally {
      kept.busy = false;
    }
  };
  const onRange = first => { kept.view = first; };
  return {items: kept.items, total: kept.total, hasMore: Boolean(kept.next), error, loading: !data && !error, loadMore, onRange};
}

/** Read the newest items until they reach the known ones. If too many are new, the list begins anew. */
async function readNewest(kept, fetchPage) {
  const newest = kept.items[0]?.n;
  const page = await firstPage(fetchPage);
  let {items, next} = page;
  for (let turn = 0; turn < MOST_NEW && newest !== undefined && next && !reaches(items, newest); turn += 1) {
    const more = await fetchPage({limit: MOST, before: next});
    items = [...items, ...more.items];
    next = more.next;
  }
  const oldest = items.at(-1)?.n;
  const isJoined = newest !== undefined && reaches(items, newest);
  const older = isJoined ? kept.items.filter(item => item.n < oldest) : [];
  kept.items = [...items, ...older];
  kept.next = older.length ? kept.next : next;
  kept.total = page.total;
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
