export type GgmlType = string;
