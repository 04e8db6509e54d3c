import type ts from 'typescript';
import { findAll } from './syntax.js';
import type { Project } from './project.js';

/**
 * What the result of a `@SubscribeMessage` method means to `IoAdapter`: nothing, the ack, an event to be emitted
 * (`{ event, data }`), the values of an Observable, or what cannot be told from its type.
 */
export type ResultKind = 'nothing' | 'value' | 'event' | 'stream' | 'unclear';

export function resultOf(project: Project, method: ts.MethodDeclaration): ResultKind {
  const { ts, checker } = project;
  // Without a value after any `return`, inferred types such as `Promise<any>` of what is not installed do not matter.
  const returns = findAll(project, method.body!, ts.isReturnStatement, { isOwn: true });
  if (returns.every(({ expression }) => expression === undefined)) return 'nothing';
  const signature = checker.getSignatureFromDeclaration(method);
  if (signature === undefined) return 'unclear';
  return kindOf(project, checker.getReturnTypeOfSignature(signature));
}

function kindOf(project: Project, type: ts.Type): ResultKind {
  const { ts, checker } = project;
  const awaited = checker.getAwaitedType(type) ?? type;
  if (awaited.isUnion()) return strongest(awaited.types.map((each) => kindOf(project, each)));
  const { flags } = awaited;
  if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.NonPrimitive | ts.TypeFlags.TypeParameter))
    return 'unclear';
  if (flags & (ts.TypeFlags.Void | ts.TypeFlags.Undefined | ts.TypeFlags.Never)) return 'nothing';
  if (!(flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection))) return 'value';
  if (awaited.getProperty('subscribe') !== undefined) return 'stream';
  if (awaited.getProperty('event') !== undefined) return 'event';
  const isOpen = checker.getIndexInfosOfType(awaited).some(({ keyType }) => keyType.flags & ts.TypeFlags.String);
  const isEmpty = awaited.getProperties().length === 0 && awaited.getCallSignatures().length === 0;
  return isOpen || (isEmpty && !checker.isArrayType(awaited) && !isEmptyLiteral(awaited)) ? 'unclear' : 'value';
}

/** The type of `{}` as it is written in a `return`, which has no event for sure. */
function isEmptyLiteral(type: ts.Type): boolean {
  return type.symbol?.valueDeclaration !== undefined && type.symbol.name === '__object';
}

/** Of several possible results the one that is hardest to keep. */
function strongest(kinds: readonly ResultKind[]): ResultKind {
  const order = ['unclear', 'stream', 'event', 'value', 'nothing'] as const;
  return order.find((kind) => kinds.includes(kind)) ?? 'nothing';
}

/** Whether each result is written out as `{ event, data }`, so that it can be emitted instead. */
export function writtenEvents(project: Project, method: ts.MethodDeclaration): WrittenEvent[] | null {
  const { ts } = project;
  const events: WrittenEvent[] = [];
  for (const statement of findAll(project, method.body!, ts.isReturnStatement, { isOwn: true })) {
    if (statement.expression === undefined) continue;
    const event = writtenEvent(project, statement);
    if (event === null) return null;
    events.push(event);
  }
  return events;
}

export interface WrittenEvent {
  readonly statement: ts.ReturnStatement;
  readonly event: string;
  readonly data: string;
}

function writtenEvent({ ts }: Project, statement: ts.ReturnStatement): WrittenEvent | null {
  const { expression } = statement;
  if (expression === undefined || !ts.isObjectLiteralExpression(expression)) return null;
  const values = new Map<string, string>();
  for (const property of expression.properties) {
    if (ts.isShorthandPropertyAssignment(property)) values.set(property.name.text, property.name.text);
    else if (ts.isPropertyAssignment(property) && ts.isIdentifier(property.name))
      values.set(property.name.text, property.initializer.getText());
    else return null;
  }
  const event = values.get('event');
  const data = values.get('data');
  return event === undefined || data === undefined || values.size !== 2 ? null : { statement, event, data };
}
