// The shell: top bar with sandbox and clock, navigation, and the chosen screen.

import { Clock } from "./parts/clock.js";
import { Help, useShortcuts } from "./parts/shortcuts.js";
import { SandboxChoice } from "./parts/sandbox_choice.js";
import { Toasts } from "./parts/toasts.js";
import { chooseSandbox, DEFAULT_SANDBOX, HOME, href, useRoute } from "./parts/links.js";
import { count } from "./parts/format.js";
import { follow, useCounts, useOutage, useResets } from "./live.js";
import { GROUPS, SCREENS } from "./screens/index.js";
import { html, render, useEffect, useRef } from "./vendor/htm-preact.js";

function Navigation({ current }) {
  const counts = useCounts();
  const list = useRef();
  // On a narrow screen the navigation is one line, which scrolls.
  useEffect(() => list.current.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }), [current]);
  return html`<nav class="nav" aria-label="Screens" ref=${list}>
    ${GROUPS.map(({ title, screens }) => html`
      ${title && html`<h2>${title}</h2>`}
      ${screens.map((screen) => html`<a href=${href(screen.route)} aria-current=${screen.route === current ? "page" : null}
          title=${`${screen.title} (g ${screen.key})`}>
        ${screen.title}${counts[screen.count] > 0 && html`<span class="count">${count(counts[screen.count])}</span>`}
      </a>`)}`)}
    <div class="foot"><a href=${`docs/optimove${href("overview")}`}>API documentation</a><span><kbd>?</kbd> shortcuts</span></div>
  </nav>`;
}

function Outage() {
  const error = useOutage();
  return html`<div aria-live="assertive">${error && html`<p class="outage">${error.detail}
    ${error.status === 404 && html` <button type="button" class="small" onClick=${() => chooseSandbox(DEFAULT_SANDBOX)}>Show ${DEFAULT_SANDBOX}</button>`}</p>`}</div>`;
}

function App() {
  const { screen: name, path, params } = useRoute();
  const screen = SCREENS.find(({ route }) => route === name) ?? SCREENS.find(({ route }) => route === HOME);
  const main = useRef();
  const help = useShortcuts();
  const resets = useResets();
  const sandbox = params.sandbox ?? DEFAULT_SANDBOX;
  useEffect(() => { follow(); }, [sandbox]);
  useEffect(() => {
    document.title = `${screen.title} · ${sandbox} · Sendproof`;
  }, [screen, sandbox]);
  return html`
    <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); main.current.focus(); }}>Skip to content</a>
    <header class="top">
      <a class="brand" href=${href(HOME)} aria-label="Sendproof, overview"><img src="page/icon.svg" alt="" /><span>Sendproof</span></a>
      <${SandboxChoice} sandbox=${sandbox} />
      <span class="spacer"></span>
      <${Clock} />
    </header>
    <${Navigation} current=${screen.route} />
    <main class="main" id="main" tabindex="-1" ref=${main}>
      <${Outage} />
      <${screen.View} key=${`${screen.route} ${sandbox} ${resets}`} sandbox=${sandbox} path=${path} params=${params} />
    </main>
    <${Help} ...${help} />
    <${Toasts} />`;
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
