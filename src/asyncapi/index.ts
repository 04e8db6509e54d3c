export { asyncApiDocument, type AsyncApiOptions } from './asyncapi-document.js';
export { AsyncApiError } from './asyncapi-error.js';
export type {
  AsyncApiChannel,
  AsyncApiDocument,
  AsyncApiInfo,
  AsyncApiMessage,
  AsyncApiOperation,
  AsyncApiServer,
  JsonObject,
  Reference,
} from './asyncapi-types.js';
export { renderPage } from './page.js';
export { toYaml } from './yaml.js';
