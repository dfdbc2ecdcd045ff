/** `resultCode` and `returnCode` of a successful answer. */
export const successCode = '0200000';

/** Failures that a retry may overcome: the server's own database (interface, "Failure codes", edition of 2025). */
export const passingCodes: ReadonlySet<string> = new Set(['0200006']);

/**
 * What the failure codes inside an HTTP 200 mean (interface, "Failure codes"). Seven and
 * eight digits are both real: whole strings are compared.
 */
const meanings: Readonly<Record<string, string>> = {
  '0200001': 'parameter error',
  '0200006': 'database operation exception, a fault of the server’s own',
  '02000001': 'empty parameter',
  '02000002': 'invalid characters in a parameter',
  '02000003': 'parameter longer than allowed',
  '02000004': 'parameter shorter than allowed',
  '02000005': 'parameter length outside its range',
  '02000006': 'wrong parameter type',
  '02000007': 'wrong parameter value',
  '02000008': 'parameter conversion error',
  '02000009': 'wrong combination of parameters',
  '02000010': 'hour and minute must be set together',
  '02000011': 'more parameters than allowed',
};

/** The catalogue's words for a failure code, or that it is in no catalogue. */
export function explainFailure(code: string): string {
  return Object.hasOwn(meanings, code) ? `${meanings[code]}` : 'a code that the interface does not document';
}

/** What to do about a failure code. None of them concerns the way to the server. */
export function adviceOn(code: string): string {
  return passingCodes.has(code)
    ? '. The next run tries again; if it stays, the server’s operator has to look'
    : '. Check that this VDN exists there and that the key may query it; else take it out of vdns';
}
