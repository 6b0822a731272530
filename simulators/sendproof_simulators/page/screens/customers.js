// Customers: search for one by id, name or number, and open the story.

import { api } from "../api.js";
import { useLive } from "../live.js";
import { phone, plural } from "../parts/format.js";
import { setPath, setQuery } from "../parts/links.js";
import { Screen } from "../parts/screen.js";
import { Badge, Empty, Problem } from "../parts/state.js";
import { VirtualList } from "../parts/virtual_list.js";
import { html, useCallback, useMemo, useState } from "../vendor/htm-preact.js";
import { CustomerStory } from "./customer.js";

const PAGE = 200;

function View({path, params}) {
  const [id] = path;
  const search = params.search ?? "";
  const found = useCustomers(search);
  const close = useCallback(() => setPath(), []);
  const selected = found.items.findIndex(item => item?.customer === id);
  return html`<${Screen} title="Customers" filters=${html`<input type="search" class="search" data-search aria-label="Search customers"
      placeholder="Id, name or number" value=${search} onInput=${event => setQuery({search: event.target.value || null})} />`}
    actions=${html`<span class="faint" aria-live="polite">${found.total === null ? "" : plural(found.total, "customer")}</span>`}>
    <div class="split story-split ${id ? "open" : ""}">
      <div class="list"><${Problem} error=${found.error} />
        ${found.total === 0
          ? html`<${Empty} title="No customer matches">Search for an id such as C0000042, a name, or digits of a number.<//>`
          : html`<${VirtualList} id="customers" label="Customers" items=${found.items} count=${found.total ?? 0} onRange=${found.load}
              keyOf=${item => item.customer} rowHeight=${52} selected=${selected} row=${item => html`<${Row} customer=${item} />`}
              onOpen=${item => setPath(item.customer)} />`}
      </div>
      ${id && html`<${CustomerStory} key=${id} id=${id} onClose=${close} />`}
    </div>
  <//>`;
}

export const screen = {route: "customers", title: "Customers", key: "u", count: "customers", View};

/** Load the customers that are in view. `items` is sparse: an audience may have millions. */
function useCustomers(search) {
  const pages = useMemo(() => ({items: [], asked: new Set()}), [search]);
  const [items, setItems] = useState([]);
  const {data, error} = useLive(() => {
    pages.asked.clear();
    return api.get("customers", {search, offset: 0, limit: PAGE}).then(page => keep(0, page));
  }, ["customers"], [search]);

  function keep(offset, page) {
    const next = pages.items.slice();
    page.items.forEach((item, index) => { next[offset + index] = item; });
    pages.items = next;
    setItems(next);
    return page;
  }

  const load = useCallback((first, last) => {
    for (let page = Math.floor(first / PAGE); page * PAGE < last; page += 1) {
      if (page === 0 || pages.asked.has(page)) continue;
      pages.asked.add(page);
      api.get("customers", {search, offset: page * PAGE, limit: PAGE}).then(found => keep(page * PAGE, found), () => pages.asked.delete(page));
    }
  }, [search]);
  return {items: pages.items === items ? items : pages.items, total: data?.total ?? null, error, load};
}

function Row({customer}) {
  return html`<span class="message"><span class="who"><b>${customer.name || customer.customer}</b></span>
      <span class="faint">${customer.customer}</span></span>
    <span class="aside"><span class=${customer.number ? "" : "faint"} title=${customer.number ? undefined : "no usable number"}>${phone(customer.number ?? customer.phone ?? "no number")}</span>${customer.opted_out && html`<${Badge} tone="bad">opted out<//>`}</span>`;
}
