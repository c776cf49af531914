import { useCallback, useEffect, useState } from "react";
import { type Route, readRoute, routeUrl } from "../model/route.ts";

/** The page's route, and how to go elsewhere. `replace` leaves no step in the history. */
export function useRoute(): [Route, (route: Route, how?: { readonly replace: boolean }) => void] {
  const [route, setRoute] = useState(() => readRoute(location.search));
  useEffect(() => {
    const onPop = () => setRoute(readRoute(location.search));
    addEventListener("popstate", onPop);
    return () => removeEventListener("popstate", onPop);
  }, []);
  const go = useCallback((next: Route, how = { replace: false }) => {
    const url = routeUrl(next);
    if (how.replace) history.replaceState(null, "", url);
    else if (url !== `${location.pathname}${location.search}`) history.pushState(null, "", url);
    setRoute(next);
  }, []);
  return [route, go];
}
