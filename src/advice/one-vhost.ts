const IN_VHOST = ['policies', 'parameters', 'exchanges', 'queues', 'bindings'];

/**
 * Definitions of one vhost do not name it in every entry, as those of a whole broker do (API-55): here they do.
 * @param json anything; what is no export of one vhost is returned as it is
 */
export function withVhost(json: unknown): unknown {
  const { original_vhost_name: vhost } = (json ?? {}) as { readonly original_vhost_name?: unknown };
  if (typeof vhost !== 'string') return json;
  const all = json as Readonly<Record<string, unknown>>;
  const sections = IN_VHOST.flatMap((name) => {
    const items = all[name];
    return Array.isArray(items) ? [[name, items.map((item) => named(item, vhost))] as const] : [];
  });
  return { ...all, vhosts: [{ name: vhost }], ...Object.fromEntries(sections) };
}

function named(item: unknown, vhost: string): unknown {
  return typeof item === 'object' && item !== null ? { vhost, ...item } : item;
}
