// Findings so far: the verdict of the judge on this sandbox, root causes first.

import { api } from "../api.js";
import { useClock, useCounts, useLive } from "../live.js";
import { capital, count, distance, exact, plural } from "../parts/format.js";
import { href, setQuery } from "../parts/links.js";
import { Screen } from "../parts/screen.js";
import { Badge, Empty, Facts, Problem } from "../parts/state.js";
import { attempt } from "../parts/toasts.js";
import { html, useState } from "../vendor/htm-preact.js";

const VERDICTS = {
  pass: "Nothing is wrong", fail: "Defects were found", unknown: "Not everything could be judged", error: "The run itself failed",
};
const BLAMES = {bridge: "the bridge", config: "the configuration", harness: "Sendproof", network: "the network"};
const TONES = {pass: "good", fail: "bad", unknown: "odd", error: "broke", note: "plain"};
const SHOWS = [["problems", "Problems"], ["unknown", "Unknown"], ["pass", "Passed"], ["all", "All"]];

function View({params}) {
  const {data: last, error, reload} = useLive(() => api.get("verdict"), ["verdict"]);
  const [busy, setBusy] = useState(false);
  const judge = async () => {
    setBusy(true);
    await attempt(() => api.post("verdict"));
    await reload();
    setBusy(false);
  };
  const result = last?.verdict ? last : null;
  const actions = html`<button type="button" class="primary" disabled=${busy} onClick=${judge}>
    ${busy ? "Judging…" : result ? "Judge again" : "Judge now"}</button>`;
  return html`<${Screen} title="Findings" actions=${actions}>
    <div class="scroll"><div class="stack findings" aria-busy=${busy}>
      ${error && error.status !== 404 && html`<${Problem} error=${error} />`}
      ${result ? html`<${Verdict} result=${result} params=${params} />` : !busy && html`<${Empty} title="Not judged yet">
        The judge reads what was recorded so far. What is not due yet is unknown, not a failure.<//>`}
    </div></div>
  <//>`;
}

export const screen = {route: "findings", title: "Findings", key: "v", View};

function Verdict({result, params}) {
  const {verdict} = result;
  const checks = verdict.checks.map((check, place) => ({...check, place}));
  const of = status => checks.filter(check => check.verdict === status);
  const show = params.show ?? (of("fail").length || of("error").length || verdict.root_causes.length ? "problems" : "all");
  const shown = {problems: [...of("error"), ...of("fail"), ...checks.filter(hasProblem)], unknown: of("unknown"), pass: of("pass"), all: sorted(checks)}[show];
  const amounts = {problems: new Set([...of("error"), ...of("fail"), ...checks.filter(hasProblem)]).size, unknown: of("unknown").length, pass: of("pass").length, all: checks.length};
  return html`
    <${Banner} result=${result} />
    ${verdict.root_causes.length > 0 && html`<section class="stack" aria-label="Root causes"><h2>Start here</h2>
      ${verdict.root_causes.map(root => html`<${RootCause} key=${root.check + root.cause} root=${root} titles=${titlesOf(checks)} />`)}</section>`}
    <div class="group" role="group" aria-label="Checks to show">${SHOWS.map(([name, label]) => html`
      <button type="button" key=${name} aria-pressed=${show === name} onClick=${() => setQuery({show: name})}>${label} ${count(amounts[name])}</button>`)}</div>
    <div class="stack">${[...new Set(shown)].map(check => html`<${Check} key=${check.id} check=${check} />`)}
      ${shown.length === 0 && html`<${Empty} title=${`No check under ${SHOWS.find(([name]) => name === show)[1]}`} />`}</div>`;
}

const ORDER = ["error", "fail", "unknown", "pass"];
const sorted = checks => [...checks].sort((one, other) => ORDER.indexOf(one.verdict) - ORDER.indexOf(other.verdict) || one.place - other.place);
const hasProblem = check => check.findings.some(finding => ["error", "fail"].includes(finding.level));
const titlesOf = checks => Object.fromEntries(checks.map(check => [check.id, check.title]));

function Banner({result}) {
  const clock = useClock();
  const {requests, messages} = useCounts();
  const {verdict, computed_at: at, n} = result;
  const tone = TONES[verdict.verdict];
  return html`<section class="banner ${tone}" aria-label="Verdict" aria-live="polite">
    <p class="line"><${Badge} tone=${tone}>${verdict.verdict}<//><b>${VERDICTS[verdict.verdict] ?? ""}</b></p>
    <p class="summary">${verdict.summary}</p>
    <${Ledger} ledger=${verdict.ledger} />
    <p class="faint">Judged at ${exact(at)}${clock && distance(at, clock.now) !== "now" ? `, ${distance(at, clock.now)}` : ""},
      up to journal entry ${count(n)}. So far ${plural(requests ?? 0, "request")} and ${plural(messages ?? 0, "message")}.</p>
  </section>`;
}

const LEDGER_TONES = {ok: "good", withheld: "calm", refused: "calm", pending: "wait", indefinite: "wait"};

/** Show the recipients by result as a bar with a legend. */
function Ledger({ledger}) {
  const parts = Object.entries(ledger).filter(([, amount]) => amount > 0);
  if (!parts.length) return null;
  return html`<div class="ledger"><div class="bar" aria-hidden="true">${parts.map(([kind, amount]) => html`
      <span key=${kind} class=${LEDGER_TONES[kind] ?? "bad"} style=${{flexGrow: amount}}></span>`)}</div>
    <ul class="legend">${parts.map(([kind, amount]) => html`<li key=${kind}><i class=${LEDGER_TONES[kind] ?? "bad"}></i>${kind} <b>${count(amount)}</b></li>`)}</ul></div>`;
}

function RootCause({root, titles}) {
  const {consequences = []} = root;
  return html`<article class="panel root"><header><h2>${capital(root.cause)}</h2><span class="spacer"></span><${Blame} group=${root} /></header>
    <div class="body stack">
      ${root.remedy && html`<p class="remedy"><b>What to do</b> ${root.remedy}</p>`}
      <${Examples} group=${root} />
      ${consequences.length > 0 && html`<details><summary>${plural(consequences.length, "finding")} that ${consequences.length === 1 ? "follows" : "follow"} from it</summary>
        <ul class="plain">${consequences.map(group => html`<li key=${group.check + group.cause}><b>${titles[group.check] ?? group.check}</b> ${group.cause} <span class="faint">${count(group.count)} times</span></li>`)}</ul></details>`}
    </div></article>`;
}

const Blame = ({group}) => html`<${Badge} tone=${group.blame === "bridge" ? "bad" : "odd"} title="Who has to act">${BLAMES[group.blame] ?? group.blame}<//>`;

function Check({check}) {
  const {requirement, verdict, looked_at: looked, unit, title, findings} = check;
  return html`<details class="panel judged" open=${verdict === "fail" || verdict === "error"}>
    <summary><${Badge} tone=${TONES[verdict]}>${verdict}<//><b>${title}</b><span class="spacer"></span>
      <span class="faint">${looked ? `${count(looked)} ${looked === 1 ? singular(unit) : unit}` : `no ${unit} to look at`}</span><code>${requirement.number}</code></summary>
    <div class="body stack">
      ${findings.map(group => html`<${Finding} key=${group.cause + group.level} group=${group} />`)}
      <${Facts} facts=${[["Requirement", requirement.text], ["Source", source(requirement.source)], ["Evidence", requirement.evidence]]} />
    </div></details>`;
}

const singular = unit => unit.replace(/(?<=ch)es$|s$/, "");

/** Return a source as text. A web address is no link: the page leads to no other server. */
const source = text => html`<span class="break">${text}</span>`;

function Finding({group}) {
  return html`<article class="finding ${TONES[group.level] ?? "odd"}">
    <p class="line"><b>${capital(group.cause)}</b>${group.count > 1 && html`<span class="faint">${count(group.count)} times</span>`}
      ${group.level !== "unknown" && html`<${Blame} group=${group} />`}</p>
    ${group.remedy && html`<p class="remedy"><b>What to do</b> ${group.remedy}</p>`}
    <${Examples} group=${group} />
  </article>`;
}

function Examples({group}) {
  return html`<ul class="examples">${group.examples.map((example, index) => html`<li key=${index}>
    <dl><dt>expected</dt><dd>${example.expected}</dd><dt>got</dt><dd>${example.got}</dd></dl>
    <p class="line faint">${example.at && html`<time>${exact(example.at)}</time>`}<${Where} where=${example.where} /></p></li>`)}
    ${group.count > group.examples.length && html`<li class="faint">and ${count(group.count - group.examples.length)} more</li>`}</ul>`;
}

/** Link to the parts of the page that show where a finding is. */
function Where({where}) {
  const links = {
    customer: value => href("customers", {}, value),
    campaign: value => href("campaigns", {}, value),
    number: value => href("outbox", {number: value}),
    request: value => href("requests", {}, value),
    operation: value => href("requests", {operation: value}),
    // The keys of Optimove's webhooks begin with the number of the event; other keys do not say whose they are.
    webhook: value => (/^\d+:/.test(value) ? href("webhooks", {}, "optimove", value) : undefined),
  };
  return Object.entries(where).map(([name, value]) => {
    const link = links[name]?.(value);
    return link ? html`<a key=${name} href=${link}>${name} ${value}</a>` : html`<span key=${name}>${name} ${value}</span>`;
  });
}
