// Whether the page has one column only.

import { useEffect, useState } from "../vendor/htm-preact.js";

const query = matchMedia("(max-width: 600px)");

export function useNarrow() {
  const [narrow, setNarrow] = useState(query.matches);
  useEffect(() => {
    const follow = () => setNarrow(query.matches);
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  return narrow;
}
