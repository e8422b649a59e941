import { faultKinds, momentHelp } from '../server/fault-kinds.ts';
import type { FaultDesk } from '../management/host.ts';
import { faultKindNames, fieldsOf } from './fault-options.ts';
import type { FaultRequests, RequestedFault } from './fault-requests.ts';
import { OptionError } from './options.ts';

/** Faults as they are asked for and shown over HTTP. */
export function faultDesk(requests: FaultRequests): FaultDesk {
  const find = (id: number): RequestedFault | undefined => requests.list().find((fault) => fault.id === id);
  return {
    add: (asked) =>
      explained(() => describeFault(requests.add(asked as Parameters<FaultRequests['add']>[0]))),
    list: () => requests.list().map(describeFault),
    get: (id) => {
      const fault = find(id);
      return fault === undefined ? undefined : describeFault(fault);
    },
    remove: (id) => {
      const fault = find(id);
      fault?.remove();
      return fault !== undefined;
    },
    clear: () => requests.clear(),
    seed: (seed) => explained(() => requests.seed(seed as number)),
    kinds: describeKinds,
  };
}

/** What the person who asks has to know of a mistake is a text; anything else that is thrown is none. */
function explained<T>(task: () => T): T | string {
  try {
    return task();
  } catch (error) {
    if (error instanceof OptionError) return error.message;
    throw error;
  }
}

/** What was not said and has no default is left out. */
function describeFault({ id, setting, count, isOver }: RequestedFault): object {
  const { kind, times, ...rest } = setting as Record<string, unknown>;
  const often = times === Infinity ? 'always' : times;
  return { id, kind, times: often, ...rest, count, over: isOver };
}

function describeKinds(): object {
  const kinds = faultKindNames.map((kind) => ({
    kind,
    help: faultKinds[kind].help,
    options: Object.entries(fieldsOf(kind)).map(([name, { help, takes, fallback }]) => ({
      name,
      help,
      takes,
      default: fallback,
    })),
  }));
  return { kinds, moments: momentHelp };
}
