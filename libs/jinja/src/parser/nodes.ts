import type { Value } from '../values/index.ts';

/** The syntax tree of a template. */

interface At {
  readonly line: number;
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**';
export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

/** The arguments of a call, filter or test. */
export interface Arguments {
  readonly positional: readonly Expression[];
  readonly keywords: readonly { readonly name: string; readonly value: Expression }[];
  readonly spread: Expression | null;
  readonly keywordSpread: Expression | null;
}

export type Constant = At & { readonly kind: 'constant'; readonly value: Value };
export type Name = At & { readonly kind: 'name'; readonly name: string };
export type TupleDisplay = At & { readonly kind: 'tuple'; readonly items: readonly Expression[] };
export type Call = At & { readonly kind: 'call'; readonly callee: Expression; readonly args: Arguments };
/** Without `input` it stands at the head of a filter block, whose text it takes. */
export type Filter = At & {
  readonly kind: 'filter';
  readonly input: Expression | null;
  readonly name: string;
  readonly args: Arguments;
};

export type Expression =
  | Constant
  | Name
  | TupleDisplay
  | Call
  | Filter
  | (At & { readonly kind: 'list'; readonly items: readonly Expression[] })
  | (At & { readonly kind: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[] })
  | (At & {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    })
  | (At & { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression })
  | (At & { readonly kind: 'not' | 'negative' | 'positive'; readonly operand: Expression })
  | (At & {
      readonly kind: 'compare';
      readonly first: Expression;
      readonly rest: readonly { readonly operator: ComparisonOperator; readonly operand: Expression }[];
    })
  | (At & { readonly kind: 'concat'; readonly parts: readonly Expression[] })
  | (At & { readonly kind: 'attribute'; readonly object: Expression; readonly name: string })
  | (At & { readonly kind: 'item'; readonly object: Expression; readonly key: Expression })
  | (At & {
      readonly kind: 'slice';
      readonly start: Expression | null;
      readonly stop: Expression | null;
      readonly step: Expression | null;
    })
  | (At & { readonly kind: 'test'; readonly input: Expression; readonly name: string; readonly args: Arguments })
  | (At & {
      readonly kind: 'conditional';
      readonly test: Expression;
      readonly then: Expression;
      readonly otherwise: Expression | null;
    })
  /** A translated text: markup where text is escaped. Only the i18n extension makes one. */
  | (At & { readonly kind: 'markup-if-escaping'; readonly operand: Expression });

/** What can stand on the left of an assignment. */
export type Target =
  | Name
  | (At & { readonly kind: 'tuple-target'; readonly items: readonly Target[] })
  | (At & { readonly kind: 'namespace-target'; readonly name: string; readonly attribute: string });

/** `tag` is where the tag starts in the source; with the line it is what errors point at. */
export interface Place extends At {
  readonly tag: number;
}

export type Data = { readonly kind: 'data'; readonly text: string };
export type Print = Place & { readonly kind: 'print'; readonly value: Expression };
export type Output = { readonly kind: 'output'; readonly parts: readonly (Data | Print)[] };

export interface Signature {
  readonly parameters: readonly Name[];
  /** Of the last parameters. */
  readonly defaults: readonly Expression[];
}

export type For = Place & {
  readonly kind: 'for';
  readonly target: Target;
  readonly iterable: Expression;
  readonly test: Expression | null;
  readonly recursive: boolean;
  readonly body: readonly Statement[];
  readonly otherwise: readonly Statement[];
};
export type If = Place & {
  readonly kind: 'if';
  readonly branches: readonly (Place & { readonly test: Expression; readonly body: readonly Statement[] })[];
  readonly otherwise: readonly Statement[];
};
export type Block = Place & {
  readonly kind: 'block';
  readonly name: string;
  readonly scoped: boolean;
  readonly required: boolean;
  readonly body: readonly Statement[];
};
export type Macro = Place & {
  readonly kind: 'macro';
  readonly name: string;
  readonly signature: Signature;
  readonly body: readonly Statement[];
};
export type CallBlock = Place & {
  readonly kind: 'call-block';
  readonly call: Call;
  readonly signature: Signature;
  readonly body: readonly Statement[];
};
export type Include = Place & {
  readonly kind: 'include';
  readonly template: Expression;
  readonly ignoreMissing: boolean;
  readonly withContext: boolean;
};
export type Import = Place & {
  readonly kind: 'import';
  readonly template: Expression;
  readonly target: string;
  readonly withContext: boolean;
};
export type FromImport = Place & {
  readonly kind: 'from-import';
  readonly template: Expression;
  readonly names: readonly { readonly name: string; readonly alias: string }[];
  readonly withContext: boolean;
};
export type SetBlock = Place & {
  readonly kind: 'set-block';
  readonly target: Target;
  readonly filter: Filter | null;
  readonly body: readonly Statement[];
};
export type FilterBlock = Place & {
  readonly kind: 'filter-block';
  readonly filter: Filter;
  readonly body: readonly Statement[];
};
export type With = Place & {
  readonly kind: 'with';
  readonly bindings: readonly { readonly target: Target; readonly value: Expression }[];
  readonly body: readonly Statement[];
};
export type Autoescape = Place & {
  readonly kind: 'autoescape';
  readonly value: Expression;
  readonly body: readonly Statement[];
};
export type SetStatement = Place & { readonly kind: 'set'; readonly target: Target; readonly value: Expression };
export type Extends = Place & { readonly kind: 'extends'; readonly template: Expression };
export type Do = Place & { readonly kind: 'do'; readonly value: Expression };

export type Statement =
  | Output
  | For
  | If
  | Block
  | Macro
  | CallBlock
  | Include
  | Import
  | FromImport
  | SetStatement
  | SetBlock
  | FilterBlock
  | With
  | Autoescape
  | Extends
  | Do
  | (Place & { readonly kind: 'break' | 'continue' | 'debug' });

/** A parsed template. */
export interface TemplateTree {
  readonly body: readonly Statement[];
  /** Where tags end, by where they start. */
  readonly tagEnds: ReadonlyMap<number, number>;
}

export const NO_ARGUMENTS: Arguments = { positional: [], keywords: [], spread: null, keywordSpread: null };
