import { defineConfig } from "vite";

// Names by content and no time stamps, so that whoever builds the same sources gets the same files.
export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../orchestrion_gateway/web/static",
    emptyOutDir: true,
    assetsDir: "assets",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    target: "es2022",
  },
  server: { proxy: { "/api": "http://127.0.0.1:7860" } },
});
