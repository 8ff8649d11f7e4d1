import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { makeRouter } from "@/app/router";
import { removeOldDrafts } from "@/features/duel/play/drafts";
import { followTheme } from "@/lib/theme";
import "./styles.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

followTheme();
void removeOldDrafts();
const client = new QueryClient({ defaultOptions: { queries: { retry: 1, staleTime: 5_000 } } });
const router = makeRouter();

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
