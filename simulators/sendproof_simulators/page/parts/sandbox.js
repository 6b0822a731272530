// What does not change while a sandbox lives: its channels, country and attributes.

import { control } from "../api.js";
import { useLive } from "../live.js";
import { currentSandbox } from "./links.js";

const NONE = {channels: [], attributes: {}, services: {}};

/** Return the chosen sandbox; without channels until it is loaded. */
export function useSandbox() {
  const name = currentSandbox();
  const {data} = useLive(() => control.get(`sandboxes/${encodeURIComponent(name)}`), ["sandbox"], [name]);
  return data ?? NONE;
}

/** Return the channels of a kind: scheduled or triggered. */
export const channelsOf = ({channels}, kind) => channels.filter(channel => (channel.kind ?? "scheduled") === kind);
