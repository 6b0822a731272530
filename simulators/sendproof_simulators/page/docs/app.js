// The API documentation of one service, from its contract and its reference, with calls to try.

import { control } from "../api.js";
import { currentSandbox, chooseSandbox, href, useRoute } from "../parts/links.js";
import { Loaded } from "../parts/state.js";
import { html, render, useEffect, useMemo, useRef, useState } from "../vendor/htm-preact.js";
import { load, useLoaded } from "./loading.js";
import { Operation } from "./operation.js";
import { Codes, Dialects, Overview, TestNumbers, Limits } from "./reference.js";

const OVERVIEW = "overview";
const CONTROL = "control";

/** The chapters before the operations: `has` says whether the service has one. */
const CHAPTERS = [
  { route: OVERVIEW, title: "Overview", View: Overview, has: () => true },
  { route: "limits", title: "Limits", View: Limits, has: ({ reference }) => reference.limits.length > 0 },
  { route: "codes", title: "Error codes", View: Codes, has: ({ reference }) => reference.codes.length > 0 },
  { route: "dialects", title: "Dialects", View: Dialects, has: ({ reference }) => reference.dialects.length > 0 },
  { route: "test-numbers", title: "Test numbers", View: TestNumbers, has: ({ reference }) => reference.test_numbers.length > 0 },
];

/** The service in the address of the page. */
const serviceOfPage = () => decodeURIComponent(location.pathname.split("/").pop());

const specOf = (contract, operation) => contract.paths[operation.path][operation.method.toLowerCase()];

/** Return the operations that contain the text, by tag. */
function grouped({ contract, reference }, text) {
  const groups = new Map();
  const wanted = text.trim().toLowerCase();
  for (const operation of reference.operations) {
    const words = `${operation.id} ${operation.method} ${operation.path} ${operation.summary}`.toLowerCase();
    if (!words.includes(wanted)) continue;
    const tag = specOf(contract, operation).tags?.[0] ?? "operations";
    groups.set(tag, [...(groups.get(tag) ?? []), operation]);
  }
  return [...groups];
}

function Entry({ route, current, title, children }) {
  return html`<a href=${href(route)} title=${title} aria-current=${route === current ? "page" : null}>${children}</a>`;
}

function Contents({ documents, current, chapters }) {
  const [text, setText] = useState("");
  const groups = useMemo(() => grouped(documents, text), [documents, text]);
  return html`<nav class="nav contents" aria-label="Contents">
    ${chapters.map(({ route, title }) => html`<${Entry} route=${route} current=${current}>${title}<//>`)}
    <input class="contents-filter" type="search" placeholder="Filter operations" aria-label="Filter operations" value=${text}
      onInput=${(event) => setText(event.target.value)} />
    ${groups.map(([tag, operations]) => html`<h2>${tag}</h2>${operations.map((operation) => html`
      <${Entry} route=${operation.id} current=${current} title=${operation.summary}><span class="verb">${operation.method}</span> <span class="truncate">${operation.id}</span><//>`)}`)}
    ${groups.length === 0 && html`<p class="soft contents-none">No operation has this text.</p>`}
  </nav>`;
}

/** The contents as a choice, where the page has one column. */
function ContentsChoice({ documents, current, chapters }) {
  const groups = useMemo(() => grouped(documents, ""), [documents]);
  const option = (route, title) => html`<option value=${route} selected=${route === current}>${title}</option>`;
  return html`<label class="contents-choice"><span class="hidden-text">Contents</span>
    <select value=${current} onChange=${(event) => { location.hash = href(event.target.value); }}>
      ${chapters.map(({ route, title }) => option(route, title))}
      ${groups.map(([tag, operations]) => html`<optgroup label=${tag}>${operations.map(({ id, method }) => option(id, `${method} ${id}`))}</optgroup>`)}
    </select></label>`;
}

function Choice({ label, value, names, onChoose }) {
  const all = names.includes(value) ? names : [value, ...names];
  return html`<label class="line"><span class="hidden-text">${label}</span>
    <select title=${label} value=${value} onChange=${(event) => onChoose(event.target.value)}>
      ${all.map((name) => html`<option value=${name} selected=${name === value}>${name}</option>`)}
    </select></label>`;
}

function Header({ service, sandbox }) {
  const { data: services } = useLoaded(() => control.get("services"), []);
  const { data: sandboxes } = useLoaded(() => control.get("sandboxes"), []);
  const names = [...Object.keys(services ?? {}), CONTROL];
  const query = sandbox === "default" ? "" : `?sandbox=${encodeURIComponent(sandbox)}`;
  return html`<header class="top">
    <a class="brand" href=${`../#/overview${query}`} aria-label="Sendproof, live page"><img src="../page/icon.svg" alt="" /><span>Sendproof</span></a>
    <span class="soft wide">API documentation</span>
    <${Choice} label="Service" value=${service} names=${names} onChoose=${(name) => location.assign(`${encodeURIComponent(name)}#/overview${query}`)} />
    <span class="spacer"></span>
    <${Choice} label="Sandbox" value=${sandbox} names=${(sandboxes ?? []).map((item) => item.sandbox)} onChoose=${chooseSandbox} />
  </header>`;
}

function Main({ documents, current, service, sandbox }) {
  const main = useRef();
  useEffect(() => { main.current?.scrollTo(0, 0); }, [current]);
  const chapter = CHAPTERS.find(({ route }) => route === current);
  const operation = documents.reference.operations.find(({ id }) => id === current);
  const shown = { documents, service, sandbox };
  return html`<div class="scroll" ref=${main}>
    ${operation ? html`<${Operation} key=${`${current} ${sandbox}`} ...${shown} operation=${operation} spec=${specOf(documents.contract, operation)} />`
      : chapter ? html`<${chapter.View} ...${shown} />` : html`<p class="soft">${service} has no operation ${current}.</p>`}</div>`;
}

function App() {
  const { screen: current, params } = useRoute();
  const service = serviceOfPage();
  const sandbox = params.sandbox ?? currentSandbox();
  const loaded = useLoaded(() => load(service, sandbox), [service, sandbox]);
  useEffect(() => { document.title = `${current} · ${service} · Sendproof`; }, [current, service]);
  return html`<${Header} service=${service} sandbox=${sandbox} />
    <${Loaded} ...${loaded}>${(documents) => {
      const chapters = CHAPTERS.filter(({ has }) => has(documents));
      return html`<${Contents} documents=${documents} current=${current} chapters=${chapters} />
        <main class="main" id="main"><div class="heading narrow-contents"><${ContentsChoice} documents=${documents} current=${current} chapters=${chapters} /></div>
          <${Main} documents=${documents} current=${current} service=${service} sandbox=${sandbox} /></main>`;
    }}<//>`;
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
