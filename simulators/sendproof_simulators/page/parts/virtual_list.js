// A list of any length, of which only the visible rows exist as elements.
//
// `items` is an array, or an object with the items that are loaded by their place: with `count` and
// `onRange(first, last)` the caller then loads what is in view. For a list that is read with a cursor, `loadMore()` is
// called when the end of `items` comes near.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/htm-preact.js";

// Browsers limit the height of an element; beyond this height, a pixel of the scroll bar stands for more than one.
const MOST_HEIGHT = 8_000_000;
// Rows above and below the view, so that fast scrolling shows no gaps.
const MARGIN = 8;
const NEAR_END = 30;

/** Show a list. `row(item, index)` draws one row of `rowHeight` pixels; `onOpen(item, index)` opens it. */
export function VirtualList({
  items, count = items.length, keyOf = (_item, index) => index, row, rowHeight, selected = -1, onOpen, loadMore, onRange,
  label, id = "list",
}) {
  const box = useRef(null);
  const [view, setView] = useState({top: 0, height: 600});
  const [active, setActive] = useState(selected);
  const height = count * rowHeight;
  const shown = Math.min(height, MOST_HEIGHT);
  const scale = shown > view.height ? (height - view.height) / (shown - view.height) : 1;
  const offset = view.top * scale;
  const first = Math.max(0, Math.floor(offset / rowHeight) - MARGIN);
  const last = Math.min(count, Math.ceil((offset + view.height) / rowHeight) + MARGIN);

  useEffect(() => setActive(selected), [selected]);
  useEffect(() => {
    const measure = () => setView({top: box.current.scrollTop, height: box.current.clientHeight});
    const observer = new ResizeObserver(measure);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  useKeptPlace(box, items, keyOf, rowHeight, offset, scale);
  useEffect(() => {
    onRange?.(first, last);
    if (last >= items.length - NEAR_END) loadMore?.();
  }, [first, last, items]);

  const show = index => {
    const top = index * rowHeight;
    if (top < offset) box.current.scrollTop = top / scale;
    else if (top + rowHeight > offset + view.height) box.current.scrollTop = (top + rowHeight - view.height) / scale;
  };
  const onKeyDown = event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && items[active]) onOpen?.(items[active], active);
    const target = targetOf(event.key, active, count, Math.max(1, Math.floor(view.height / rowHeight) - 1));
    if (target === null) return;
    event.preventDefault();
    setActive(target);
    show(target);
    // While a detail is open, one reads line after line.
    if (selected >= 0 && items[target]) onOpen?.(items[target], target);
  };

  const rows = [];
  for (let index = first; index < last; index += 1) {
    const item = items[index];
    const top = view.top + index * rowHeight - offset;
    rows.push(html`<div key=${item ? keyOf(item, index) : `loading-${index}`} id=${`${id}-${index}`} role="option"
      class="row ${index === active ? "active" : ""} ${index === selected ? "selected" : ""}"
      aria-selected=${index === selected} aria-setsize=${count} aria-posinset=${index + 1}
      style=${{transform: `translateY(${top}px)`, height: `${rowHeight}px`}}
      onClick=${() => { setActive(index); if (item) onOpen?.(item, index); }}>
      ${item ? row(item, index) : html`<span class="loading">…</span>`}
    </div>`);
  }
  return html`<div class="virtual-list" ref=${box} tabindex="0" role="listbox" aria-label=${label}
    aria-activedescendant=${active >= first && active < last ? `${id}-${active}` : undefined}
    onKeyDown=${onKeyDown} onScroll=${event => setView({top: event.target.scrollTop, height: event.target.clientHeight})}>
    <div class="rows" role="presentation" style=${{height: `${shown}px`}}>${rows}</div>
  </div>`;
}

/** Return the index that a key leads to, or null for other keys. */
function targetOf(key, active, count, page) {
  if (!count) return null;
  const targets = {
    ArrowDown: active + 1, j: active + 1, ArrowUp: active - 1, k: active - 1,
    PageDown: active + page, PageUp: active - page, Home: 0, End: count - 1,
  };
  return key in targets ? Math.min(count - 1, Math.max(0, targets[key])) : null;
}

/** Keep the rows in their place when new ones arrive above them. At the top, the new ones come into view. */
function useKeptPlace(box, items, keyOf, rowHeight, offset, scale) {
  const place = useRef(null);
  useLayoutEffect(() => {
    const kept = place.current;
    if (!kept || !offset || kept.items === items || !Array.isArray(items)) return;
    const index = items.findIndex((item, position) => item && keyOf(item, position) === kept.key);
    if (index > kept.index) box.current.scrollTop += ((index - kept.index) * rowHeight) / scale;
  }, [items]);
  useLayoutEffect(() => {
    const index = Math.floor(offset / rowHeight);
    place.current = items[index] ? {items, index, key: keyOf(items[index], index)} : null;
  });
}
