import { useEffect, useState } from "react";

export type Theme = "system" | "light" | "dark";

const key = "sessiond.theme";

/** The chosen colours: those of the system until somebody chose. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => {
    const kept = localStorage.getItem(key);
    return kept === "light" || kept === "dark" ? kept : "system";
  });
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    localStorage.setItem(key, theme);
  }, [theme]);
  return [theme, setTheme];
}
