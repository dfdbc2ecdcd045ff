import * as z from 'zod';
import { configSchema } from './schema.ts';

type Node = z.core.JSONSchema.JSONSchema;

/** `config.schema.json`: what editors check and complete the configuration file by. */
export function schemaDocument(): string {
  const document = {
    title: 'Configuration of obs-code-sync',
    ...withPlaceholders(inputSchema()),
    $defs: { placeholder: { type: 'string', pattern: '\\$\\{[^}]+\\}' } },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Every key that a configuration file may have, at any depth. */
export function knownKeys(): ReadonlySet<string> {
  const keys = new Set<string>();
  const collect = (node: Node) => {
    for (const [key, property] of Object.entries(node.properties ?? {})) {
      keys.add(key);
      if (typeof property === 'object') collect(property);
    }
    if (typeof node.items === 'object' && !Array.isArray(node.items)) collect(node.items);
  };
  collect(inputSchema());
  return keys;
}

const inputSchema = (): Node => z.toJSONSchema(configSchema('.'), { io: 'input' });

/**
 * Wherever a value has a form to keep, a text with a placeholder may stand in its place. (Undefined members of the
 * result vanish when it is written as JSON.)
 */
function withPlaceholders(node: Node): Record<string, unknown> {
  const { description, default: preset, ...form } = node;
  if (form.type === 'object') {
    const properties = Object.entries(form.properties ?? {}).map(([key, property]) => [
      key,
      nested(property),
    ]);
    return { description, ...form, properties: Object.fromEntries(properties) };
  }
  const about = { description, default: preset };
  if (form.type === 'array') return { ...about, ...form, items: nested(form.items) };
  if (form.type === 'string' && form.pattern === undefined && form.enum === undefined)
    return { ...about, ...form };
  return { ...about, anyOf: [...(form.anyOf ?? [form]), { $ref: '#/$defs/placeholder' }] };
}

function nested(node: Node['items']): unknown {
  return typeof node === 'object' && !Array.isArray(node) ? withPlaceholders(node) : node;
}
