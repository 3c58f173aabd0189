import type { NotDone, Question } from "./messages";

/** What the gateway answers a call with that cannot be done; `reason` is stable, `message` is for people. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
    readonly metadata: Record<string, string> = {},
    readonly notDone: NotDone[] = [],
    readonly questions: Question[] = [],
  ) {
    super(message);
  }

  /** Whether nobody answered, so that the same call may succeed in a moment. */
  get isAway(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

interface ErrorBody {
  error?: {
    reason?: string;
    message?: string;
    metadata?: Record<string, string>;
    notDone?: NotDone[];
    questions?: Question[];
  };
}

export function errorOf(status: number, text: string): ApiError {
  let body: ErrorBody = {};
  try {
    body = JSON.parse(text) as ErrorBody;
  } catch {
    // A proxy's page, or nothing: the status is all there is.
  }
  const { reason = `HTTP_${status}`, message = `HTTP ${status}`, metadata, notDone, questions } = body.error ?? {};
  return new ApiError(status, reason, message, metadata, notDone, questions);
}

export const BASE = "/api/v1";

/** Calls the gateway. Throws an ApiError, whose status is 0 where nobody answered; or an AbortError. */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(BASE + path, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, "GATEWAY_UNREACHABLE", error instanceof Error ? error.message : String(error));
  }
  if (!response.ok) throw errorOf(response.status, await response.text());
  return response;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await call(path, { signal: signal ?? null })).json()) as T;
}

export async function post<T>(path: string, body: unknown = {}, signal?: AbortSignal): Promise<T> {
  const response = await call(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: signal ?? null,
  });
  return (await response.json()) as T;
}
