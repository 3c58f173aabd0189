import type { Artifact } from "./messages";
import { ApiError, BASE, errorOf } from "./http";

/**
 * Uploads a file. XMLHttpRequest, since `fetch` does not tell how far an upload is.
 *
 * @param onProgress Called with a share from 0 to 1.
 */
export function upload(file: File, onProgress: (share: number) => void, signal: AbortSignal): Promise<Artifact> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${BASE}/artifacts?file_name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable && event.total > 0) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText) as Artifact);
      else reject(errorOf(request.status, request.responseText));
    };
    request.onerror = () => reject(new ApiError(0, "GATEWAY_UNREACHABLE", "The upload broke off."));
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
