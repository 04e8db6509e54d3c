/** The door for the other layers of this package; what users import is in `index.ts`. */
export { authSchemaOf, eventsOf, isContract, isEntry, type ContractParts, type EntryParts } from './contract.js';
export {
  CONTRACT_CODES,
  ContractViolationError,
  InvalidDataError,
  type ContractCode,
  type InvalidDataReply,
} from './contract-errors.js';
export type { IssueDetail } from './issues.js';
export { isSchema } from './standard-schema.js';
export {
  compileCheck,
  compileValidation,
  compileValue,
  type ArgumentsCheck,
  type ArgumentsValidation,
  type Validated,
  type ValueValidation,
} from './validation.js';
