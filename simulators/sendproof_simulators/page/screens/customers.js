// Customers: search for one by id, name, number or e-mail address, and open the story.

import { api } from "../api.js";
import { useLive } from "../live.js";
import { messagesOf } from "../parts/campaign_facts.js";
import { phone, plural } from "../parts/format.js";
import { setPath, setQuery } from "../parts/links.js";
import { Screen } from "../parts/screen.js";
import { Badge, Empty, Problem } from "../parts/state.js";
import { VirtualList } from "../parts/virtual_list.js";
import { html, useCallback, useMemo, useState } from "../vendor/htm-preact.js";
import { CustomerStory } from "./customer.js";

const PAGE = 200;
// A scroll through millions of rows passes thousands of pages that no one reads.
const REST_MS = 60;

function View({path, params}) {
  const [id] = path;
  const search = params.search ?? "";
  const found = useCustomers(search);
  const close = useCallback(() => setPath(), []);
  const selected = found.places.get(id) ?? -1;
  return html`<${Screen} title="Customers" filters=${html`<input type="search" class="search" data-search aria-label="Search customers"
      placeholder="Id, name, number or e-mail" value=${search} onInput=${event => setQuery({search: event.target.value || null})} />`}
    actions=${html`<span class="faint" aria-live="polite">${found.total === null ? "" : plural(found.total, "customer")}</span>`}>
    <div class="split story-split ${id ? "open" : ""}">
      <div class="list"><${Problem} error=${found.error} />
        ${found.total === 0
          ? html`<${Empty} title="No customer matches">Search for an id such as C0000042, a name, an e-mail address, or digits of a number.<//>`
          : html`<${VirtualList} id="customers" label="Customers" items=${found.items} count=${found.total ?? 0} onRange=${found.load}
              keyOf=${item => item.customer} rowHeight=${52} selected=${selected} row=${item => html`<${Row} customer=${item} />`}
              onOpen=${item => setPath(item.customer)} />`}
      </div>
      ${id && html`<${CustomerStory} key=${id} id=${id} onClose=${close} />`}
    </div>
  <//>`;
}

export const screen = {route: "customers", title: "Customers", key: "u", count: "customers", View};

/**
 * Load the customers that are in view, once scrolling rests. `items` has them by their place in the list, because an
 * audience may have millions.
 */
function useCustomers(search) {
  const pages = useMemo(() => ({items: {}, places: new Map(), asked: new Set(), inView: [], timer: null}), [search]);
  const [, redraw] = useState(0);
  const {data, error} = useLive(() => {
    pages.asked.clear();
    pages.inView.filter(page => page > 0).forEach(page => read(page).catch(() => pages.asked.delete(page)));
    return read(0);
  }, ["customers"], [search]);

  async function read(page) {
    pages.asked.add(page);
    const found = await api.get("customers", {search, offset: page * PAGE, limit: PAGE});
    found.items.forEach((item, index) => {
      pages.items[page * PAGE + index] = item;
      pages.places.set(item.customer, page * PAGE + index);
    });
    redraw(turn => turn + 1);
    return found;
  }

  const load = useCallback((first, last) => {
    clearTimeout(pages.timer);
    const [from, to] = [Math.floor(first / PAGE), Math.floor(Math.max(first, last - 1) / PAGE)];
    pages.inView = from === to ? [from] : [from, to];
    pages.timer = setTimeout(() => {
      for (const page of pages.inView) if (!pages.asked.has(page)) read(page).catch(() => pages.asked.delete(page));
    }, REST_MS);
  }, [search]);
  return {items: pages.items, places: pages.places, total: data?.total ?? null, error, load};
}

function Row({customer}) {
  return html`<span class="message"><span class="who"><b>${customer.name || customer.customer}</b></span>
      <span class="faint">${customer.customer}</span></span>
    <span class="aside"><span class=${customer.number ? "" : "faint"} title=${customer.number ? undefined : "no usable number"}>${phone(customer.number ?? customer.phone ?? "no number")}</span>${customer.opted_out_of.length > 0 && html`<${Badge} tone="bad">opted out of ${customer.opted_out_of.map(messagesOf).join(", ")}<//>`}</span>`;
}
