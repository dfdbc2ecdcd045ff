/**
 * The configuration as the program uses it: defaults applied, placeholders filled in, files read, durations in
 * milliseconds (their names end in `Ms`). `schema.ts` says what an operator may write; its output has these types.
 */
export interface Config {
  readonly database: DatabaseConfig;
  /** At least one; names are unique. */
  readonly sources: SourceConfig[];
  readonly guard: GuardConfig;
  /** Only the `schedule` command needs it. */
  readonly schedule?: ScheduleConfig;
  readonly http: HttpConfig;
  readonly retention: { readonly runsMs: number };
  readonly freshness: { readonly staleAfterMs: number };
  readonly run: { readonly maxDurationMs: number };
  /** Where a person is told of; the URL is a secret as a whole: never show it. */
  readonly notify?: { readonly url: string };
  readonly log: { readonly level: LogLevel };
}

export interface DatabaseConfig {
  /** `postgres://…`, `postgresql://…`, or `pglite:` and an absolute directory. Holds a password: never show it. */
  readonly url: string;
  readonly schema: string;
}

export interface SourceConfig {
  readonly name: string;
  /** Normalised, without a slash at the end; may have a path, which is sent and signed as it is. */
  readonly baseUrl: string;
  readonly accessKey: string;
  /** Never show it. */
  readonly secretKey: string;
  /** Sorted, each once, 1 to 9999. */
  readonly vdns: number[];
  /** The `locale` header, sent only where set. */
  readonly locale?: string;
  /** Rows a page, 1 to 50. */
  readonly pageSize: number;
  /** Requests at once, 1 to 10. */
  readonly concurrency: number;
  /** No limit of the rate where it is absent. */
  readonly requestsPerSecond?: number;
  /** Of one attempt, from sending to the last byte. */
  readonly timeoutMs: number;
  /** Further attempts of one request. */
  readonly retries: number;
  /** How long in all a run waits for the server where it is away. */
  readonly outageMs: number;
  /** Through which proxy it goes, `http://…` or `https://…`. May hold a password: never show it. Direct where absent. */
  readonly proxy?: string;
  /** Further headers of each request. Never show a value. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls: TlsConfig;
  readonly signing: SigningConfig;
  /** Of a code that is listed with several descriptions: fail its VDN, or keep all of them, joined by " / ". */
  readonly conflictingDescriptions: 'fail' | 'join';
}

export interface TlsConfig {
  /** The certificates of `caFile`, PEM. */
  readonly ca?: string;
  /** Absolute path, for messages. */
  readonly caFile?: string;
  /** The client certificate and its private key, PEM; both or none. */
  readonly cert?: string;
  readonly key?: string;
  /** The name to ask for and to verify; that of `baseUrl` where absent. */
  readonly serverName?: string;
  /** Node's own where absent. */
  readonly minVersion?: TlsVersion;
  readonly insecureSkipVerify: boolean;
}

export const tlsVersions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof tlsVersions)[number];

export interface SigningConfig {
  /** Sorted; `host` is always among them. */
  readonly headers: SignedHeader[];
  readonly timestamp: TimestampPrecision;
  /** The Host that is sent and signed; that of `baseUrl` where absent. */
  readonly host?: string;
  /** The path before `/rest` that is signed, without a slash at the end; that of `baseUrl` where absent. */
  readonly basePath?: string;
}

export type SignedHeader = 'content-type' | 'host';
export type TimestampPrecision = 'seconds' | 'milliseconds';

/** When a VDN's change is held instead of applied. */
export interface GuardConfig {
  /** Share of the active codes that would go, 0 to 1; more than this is held. */
  readonly removedShare: number;
  /** Share of the descriptions that would change, 0 to 1; more than this is held. */
  readonly rewrittenShare: number;
  /** Fewer codes than this are never held for their share. */
  readonly atLeast: number;
  /** The same over all VDNs of a source that a run has read, where two or more lose codes. */
  readonly source: { readonly removedShare: number; readonly atLeast: number };
}

export interface ScheduleConfig {
  /** Not checked here: the scheduler knows its own syntax. */
  readonly cron: string;
  /** Known to `Intl`. */
  readonly timezone: string;
  /** How often a run is repeated that another attempt may complete. */
  readonly retries: number;
  /** Until the first repetition; doubled each time. */
  readonly retryDelayMs: number;
}

export interface HttpConfig {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];
