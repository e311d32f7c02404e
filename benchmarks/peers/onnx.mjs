/** Builds ONNX models. The values of a graph are known by name, and an operation gives the name of its output. */
import { create, toBinary } from '@bufbuild/protobuf'
import { AttributeProto_AttributeType as AttributeType, TensorProto_DataType as DataType, ModelProtoSchema } from 'onnx-buf'

const opset = 20 // the first with Gelu
const irVersion = 9 // the one that came with it

const attributeOf = ([name, value]) => {
  if (Array.isArray(value)) return { name, type: AttributeType.INTS, ints: value.map(BigInt) }
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) }
  if (Number.isInteger(value)) return { name, type: AttributeType.INT, i: BigInt(value) }
  return { name, type: AttributeType.FLOAT, f: value }
}

const valueOf = (name, elemType, shape) => {
  const dim = shape?.map((size) =>
    typeof size === 'string' ? { value: { case: 'dimParam', value: size } } : { value: { case: 'dimValue', value: BigInt(size) } },
  )
  return { name, type: { value: { case: 'tensorType', value: { elemType, ...(dim && { shape: { dim } }) } } } }
}

const arrayTypes = new Map([
  [Float32Array, DataType.FLOAT],
  [Int32Array, DataType.INT32],
  [BigInt64Array, DataType.INT64],
])

export class Graph {
  #node = []
  #input = []
  #initializer = []
  #values = 0

  #name() {
    return `value${this.#values++}`
  }

  /** A size of its shape that is not known yet is a name. */
  input(name, shape, Type = Float32Array) {
    this.#input.push(valueOf(name, arrayTypes.get(Type), shape))
    return name
  }

  constant(data, shape = [data.length]) {
    const name = this.#name()
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    this.#initializer.push({ name, dims: shape.map(BigInt), dataType: arrayTypes.get(data.constructor), rawData })
    return name
  }

  /** Whole numbers, such as the shape that Reshape is given. */
  integers(...values) {
    return this.constant(BigInt64Array.from(values, BigInt))
  }

  scalar(value) {
    return this.constant(Float32Array.of(value), [])
  }

  op(opType, inputs, attributes = {}) {
    return this.ops(opType, inputs, 1, attributes)[0]
  }

  /** An operation with several outputs. */
  ops(opType, input, outputs, attributes = {}) {
    const output = Array.from({ length: outputs }, () => this.#name())
    this.#node.push({ opType, input, output, attribute: Object.entries(attributes).map(attributeOf) })
    return output
  }

  /** The bytes of a model with these outputs, all of floating-point numbers. */
  toModel(...outputs) {
    const graph = {
      name: 'graph',
      node: this.#node,
      input: this.#input,
      initializer: this.#initializer,
      output: outputs.map((name) => valueOf(name, DataType.FLOAT)),
    }
    return toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, { irVersion: BigInt(irVersion), opsetImport: [{ version: BigInt(opset) }], graph }),
    )
  }
}
