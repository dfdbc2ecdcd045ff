/** Where a value stands in the configuration: `['sources', 0, 'name']`. */
export type Path = readonly PropertyKey[];

/** A mistake in the configuration. */
export interface Problem {
  readonly path: Path;
  /** Says what is expected, and holds nothing that was written in the file. */
  readonly message: string;
  /** Set where the value itself is no news: a list where a mapping belongs is shown as "a list". */
  readonly shows: 'value' | 'kind' | 'nothing';
}

/** The value at a path of a parsed YAML tree, or undefined. */
export function valueAt(tree: unknown, path: Path): unknown {
  let value = tree;
  for (const key of path) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? Reflect.get(value, key)
        : undefined;
  }
  return value;
}

export function isWithin(path: Path, outer: Path): boolean {
  return outer.every((key, index) => key === path[index]);
}
