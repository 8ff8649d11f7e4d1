import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env.DUEL_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": "/src" } },
  // Nothing is inlined as a data: URI, so that the CSP needs none.
  build: { target: "es2022", assetsInlineLimit: 0, emptyOutDir: true },
  server: {
    proxy: {
      "/api": server,
      "/healthz": server,
      "/readyz": server,
      "/socket.io": { target: server, ws: true },
    },
  },
});
