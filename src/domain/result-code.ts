/** One entry of a VDN's code list, after validation: safe to store as it is. */
export interface ResultCode {
  /** Text, never a number: leading zeros matter. */
  readonly obsCode: string;
  /** Null where the source sent null or nothing. */
  readonly obsCodeDesc: string | null;
}
