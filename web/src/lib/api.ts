import { t } from "@/lib/strings";
import type { Problem } from "@/protocol/wire.gen";

/** A refused request: the problem details of the answer, or a made-up one when no server answered. */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.errors?.[0]?.message ?? problem.detail);
  }
}

const UNREACHABLE: Problem = {
  type: "about:blank",
  title: "No answer",
  status: 0,
  detail: t.errors.unreachable,
  code: "unreachable",
};

/** One JSON request to this origin. Throws `ApiError`. */
export async function request<T>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
  const answer = await fetchOrFail(method, path, body);
  const json: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw new ApiError(asProblem(json, answer));
  return json as T;
}

async function fetchOrFail(method: string, path: string, body: unknown): Promise<Response> {
  try {
    return await fetch(path, {
      method,
      credentials: "same-origin",
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch {
    throw new ApiError(UNREACHABLE);
  }
}

function asProblem(json: unknown, answer: Response): Problem {
  if (json && typeof json === "object" && "detail" in json && typeof json.detail === "string") return json as Problem;
  const detail = t.errors.answered(answer.status);
  return { type: "about:blank", title: answer.statusText, status: answer.status, detail, code: "http" };
}
