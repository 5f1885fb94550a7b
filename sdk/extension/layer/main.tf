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

resource "aws_lambda_layer_version" "coldlight" {
  layer_name               = "coldlight-extension-x86_64"
  filename                 = "${path.module}/coldlight-extension-x86_64.zip"
  source_code_hash         = filebase64sha256("${path.module}/coldlight-extension-x86_64.zip")
  compatible_architectures = ["x86_64"]
  license_info             = "Apache-2.0"
}

resource "aws_lambda_function" "checkout" {
  function_name = "checkout"
  role          = aws_iam_role.checkout.arn
  runtime       = "python3.13"
  handler       = "app.handler"
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
