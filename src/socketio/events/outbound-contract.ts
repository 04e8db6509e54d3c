import type { AnyContract } from '../../contract/index.js';
import {
  eventsOf,
  compileCheck,
  compileValue,
  ContractViolationError,
  type ArgumentsCheck,
  type IssueDetail,
  type Validated,
  type ValueValidation,
} from '../../contract/runtime.js';

/** Told of what an emit finds out too late to throw it. */
export interface ViolationListener {
  reportError(error: unknown): void;
}

/** What is made of a client's ack: a value that fits, or why there is none. */
export type AnswerListener = (value: unknown, issues: readonly IssueDetail[] | null) => void;

/** What the contract of a namespace says about emits, and about the acks that clients give. */
export class OutboundContract {
  /** Null if there is nothing to hold emits against: all types only, or switched off. */
  readonly #checks: ReadonlyMap<string, ArgumentsCheck> | null;
  readonly #answers: ReadonlyMap<string, ValueValidation>;

  /** Null if the contract has no say at run time, so that an emit costs one comparison. */
  static of(contract: AnyContract, checksEmits: boolean): OutboundContract | null {
    const checks = new Map<string, ArgumentsCheck>();
    const answers = new Map<string, ValueValidation>();
    for (const [name, entry] of eventsOf(contract, 'out') ?? []) {
      const check = checksEmits && name !== UNCHECKED ? compileCheck(entry) : null;
      if (check !== null) checks.set(name, check);
      if (entry.ackSchema !== null) answers.set(name, compileValue(entry.ackSchema));
    }
    if (checks.size === 0 && answers.size === 0) return null;
    return new OutboundContract(String(contract.namespace), checks, answers);
  }

  private constructor(
    private readonly namespace: string,
    checks: ReadonlyMap<string, ArgumentsCheck>,
    answers: ReadonlyMap<string, ValueValidation>,
  ) {
    this.#checks = checks.size === 0 ? null : checks;
    this.#answers = answers;
  }

  /**
   * Holds an emit, `data` being the event's name and its arguments without an ack, against the schemas of the event.
   *
   * @throws ContractViolationError at the code that emits. Asynchronous schemas are too late for that: these are reported
   */
  check(data: readonly unknown[], listener: ViolationListener): void {
    const event = data[0] as string;
    const check = this.#checks?.get(event);
    if (check === undefined) return;
    const issues = check(data.slice(1));
    if (issues instanceof Promise) {
      issues.then(
        (found) => found !== null && listener.reportError(this.#violation(event, found)),
        (error: unknown) => listener.reportError(error),
      );
    } else if (issues !== null) throw this.#violation(event, issues);
  }

  /** Whether acks of an event are validated. */
  validatesAck(event: string): boolean {
    return this.#answers.has(event);
  }

  /** Validates a client's ack. Calls `answered` once; what a schema throws is reported, and the ack does not fit. */
  validateAck(event: string, value: unknown, listener: ViolationListener, answered: AnswerListener): void {
    const fail = (error: unknown): void => {
      listener.reportError(error);
      answered(undefined, [{ path: [], message: 'could not be validated' }]);
    };
    let result: Validated | Promise<Validated>;
    try {
      result = this.#answers.get(event)!(value);
    } catch (error) {
      fail(error);
      return;
    }
    if (result instanceof Promise) result.then((settled) => conclude(settled, answered), fail);
    else conclude(result, answered);
  }

  #violation(event: string, issues: readonly IssueDetail[]): ContractViolationError {
    return new ContractViolationError(`The event "${event}" that the server emits in ${this.namespace}`, issues);
  }
}

/** What the server itself tells of errors, whatever a contract says. */
const UNCHECKED = 'exception';

function conclude(result: Validated, answered: AnswerListener): void {
  if (result.issues === null) answered(result.value, null);
  else answered(undefined, result.issues);
}
