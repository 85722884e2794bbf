import { Module } from '@nestjs/common';
import { AddressController } from './address.controller.js';

@Module({ controllers: [AddressController] })
export class AddressModule {}
