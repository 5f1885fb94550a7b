# The layer and a function with it, for Terraform. The zip comes from `sdk/extension/layer/build`.

variable "collector" {
  description = "Where the collector takes OTLP over HTTP"
  type        = string
}

variable "api_key" {
  description = "A key of the collector with the scope write"
  type        = string
  sensitive   = true
}

variable "architecture" {
  description = "Of the functions: x86_64 or arm64"
  type        = string
  default     = "x86_64"
}

locals {
  layer = "coldlight-extension-${var.architecture}"
}

resource "aws_lambda_layer_version" "coldlight" {
  layer_name               = local.layer
  filename                 = "${path.module}/${local.layer}.zip"
  source_code_hash         = filebase64sha256("${path.module}/${local.layer}.zip")
  compatible_architectures = [var.architecture]
  license_info             = "Apache-2.0"
}

resource "aws_lambda_function" "checkout" {
  function_name = "checkout"
  role          = aws_iam_role.checkout.arn
  runtime       = "python3.13"
  handler       = "app.handler"
  architectures = [var.architecture]
  filename      = "${path.module}/checkout.zip"
  layers        = [aws_lambda_layer_version.coldlight.arn]

  environment {
    variables = {
      COLDLIGHT_ENDPOINT          = var.collector
      COLDLIGHT_API_KEY           = var.api_key
      OTEL_EXPORTER_OTLP_PROTOCOL = "http/protobuf"
    }
  }
}

resource "aws_iam_role" "checkout" {
  name = "checkout"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}
