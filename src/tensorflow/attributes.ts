/** Attributes of TensorFlow operations, as tfjs kernels and our own operations give them. */
import type { Pointer, TensorflowApi } from './api.js';

import { toDims, withStatus } from './api.js';

/** `TF_AttrType` of `tf_attrtype.h`. Functions are ours: graphs alone have them, by name. */
export const attributeTypes = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5, function: 9 } as const;

/** An attribute in the form of tfjs-node's `TFEOpAttr`; arrays stand for the list types. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | object | string | readonly number[];
}

/** Sets an attribute of a graph operation that is being described. */
export function setGraphAttribute(tf: TensorflowApi, op: Pointer, attribute: Attribute): void {
  const { name, type, value } = attribute;
  if (type === attributeTypes.shape) {
    const shape = value as readonly number[];
    tf.TF_SetAttrShape(op, name, toDims(shape), shape.length);
  } else if (Array.isArray(value)) {
    const values = value as readonly number[];
    if (type === attributeTypes.type) tf.TF_SetAttrTypeList(op, name, Int32Array.from(values), values.length);
    else if (type === attributeTypes.float) tf.TF_SetAttrFloatList(op, name, Float32Array.from(values), values.length);
    else tf.TF_SetAttrIntList(op, name, toDims(values), values.length);
  } else if (type === attributeTypes.type) tf.TF_SetAttrType(op, name, value as number);
  else if (type === attributeTypes.bool) tf.TF_SetAttrBool(op, name, value ? 1 : 0);
  else if (type === attributeTypes.float) tf.TF_SetAttrFloat(op, name, value as number);
  else if (type === attributeTypes.string)
    tf.TF_SetAttrString(op, name, value as string, Buffer.byteLength(value as string));
  else if (type === attributeTypes.function)
    tf.TF_SetAttrFuncName(op, name, value as string, Buffer.byteLength(value as string));
  else tf.TF_SetAttrInt(op, name, value as number);
}

/** Sets an attribute of an eager operation; the same as {@link setGraphAttribute} through the `TFE_` functions. */
export function setEagerAttribute(tf: TensorflowApi, op: Pointer, attribute: Attribute): void {
  const { name, type, value } = attribute;
  if (type === attributeTypes.shape) {
    const shape = value as readonly number[];
    withStatus(name, (status) => tf.TFE_OpSetAttrShape(op, name, toDims(shape), shape.length, status));
  } else if (Array.isArray(value)) {
    const values = value as readonly number[];
    if (type === attributeTypes.type) tf.TFE_OpSetAttrTypeList(op, name, Int32Array.from(values), values.length);
    else if (type === attributeTypes.float)
      tf.TFE_OpSetAttrFloatList(op, name, Float32Array.from(values), values.length);
    else tf.TFE_OpSetAttrIntList(op, name, toDims(values), values.length);
  } else if (type === attributeTypes.type) tf.TFE_OpSetAttrType(op, name, value as number);
  else if (type === attributeTypes.bool) tf.TFE_OpSetAttrBool(op, name, value ? 1 : 0);
  else if (type === attributeTypes.float) tf.TFE_OpSetAttrFloat(op, name, value as number);
  else if (type === attributeTypes.string)
    tf.TFE_OpSetAttrString(op, name, value as string, Buffer.byteLength(value as string));
  else tf.TFE_OpSetAttrInt(op, name, value as number);
}
