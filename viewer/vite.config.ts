import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const root = import.meta.dirname;

/** Builds the page into dist/viewer, from where `sessiond serve` answers it at `/`. */
export default defineConfig({
  root,
  plugins: [react()],
  resolve: {
    alias: {
      // Its build for browsers decodes entities by innerHTML, which the page's policy forbids.
      "decode-named-character-reference": join(
        root,
        "../node_modules/decode-named-character-reference/index.js",
      ),
    },
  },
  build: {
    outDir: join(root, "../dist/viewer"),
    emptyOutDir: true,
    // Everything is a file of its own: the page's policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
  },
  server: { proxy: { "/sessiond.v1.SessionService": "http://127.0.0.1:8080" } },
});
