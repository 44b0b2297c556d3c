import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import koffi from "koffi";

/** A pointer-sized number that Windows gives out and takes back; -1 is INVALID_HANDLE_VALUE. */
export type Handle = number | bigint;

/** Functions of one of Windows' libraries, by their declarations in C. HANDLE is declared as intptr_t, and WCHAR * as str16. */
export interface Library {
  /** Throws `not-found` when the library, or the function in it, is not there. The caller gives the type of the function. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- nothing but the caller can tell the type of a C function
  func<F extends (...args: never[]) => unknown>(declaration: string): F;
}

/** The library is loaded at the first use, from Windows' own folder and from no other. */
export function library(name: string): Library {
  let loaded: ReturnType<typeof koffi.load> | undefined;
  return {
    func(declaration) {
      try {
        loaded ??= koffi.load(`${process.env["SystemRoot"] ?? "C:\\Windows"}\\System32\\${name}`);
        // The functions of koffi take and give `any`. What is true of them is the declaration in C, beside the type.
        return loaded.func(declaration) as never;
      } catch (error) {
        throw new SalvoError("not-found", `${name} cannot be used: ${toSalvoError(error).message}`, {
          cause: error,
          remedy: `Check that this Windows has ${name}`,
        });
      }
    },
  };
}

/** Calls `open` at the first use, and once. */
export function once<T>(open: () => T): () => T {
  let opened: { readonly value: T } | undefined;
  return () => (opened ??= { value: open() }).value;
}

export const kernel32 = library("kernel32.dll");
export const ntdll = library("ntdll.dll");

const getLastError = once(() => kernel32.func<() => number>("uint32_t GetLastError()"));

/** What Windows said of the call before: koffi keeps the number from the calls that Node itself makes. */
export function lastError(what: string): SalvoError {
  const code = getLastError()();
  return new SalvoError("program-failed", `${what} failed: Windows error ${code}${NAMES[code] ?? ""}`);
}

/** winerror.h; of those that a person can do something about. */
const NAMES: Readonly<Record<number, string>> = {
  1: " (this Windows does not know the request)",
  2: " (there is no such file)",
  3: " (there is no such folder)",
  5: " (access is denied)",
  32: " (another program has it open)",
  50: " (the request is not supported)",
  87: " (a parameter is wrong)",
};

const closeHandleFunction = once(() => kernel32.func<(handle: Handle) => number>("int CloseHandle(intptr_t handle)"));

export function closeHandle(handle: Handle): void {
  if (closeHandleFunction()(handle) === 0) throw lastError("CloseHandle");
}
